// Node.js with its module `http`: its own parser, and objects for each request and its response.
//
//   node http_node.js http    prints its port; ends when its standard input is closed
'use strict';

const http = require('http');

const body = 'Hello, world!';
const head = {
    'Content-Type': 'text/plain',
    'Content-Length': body.length,
    // As in the other peers; by default Node.js adds a keep-alive time.
    'Connection': 'keep-alive',
};

const server = http.createServer((request, response) => {
    response.sendDate = false;
    response.writeHead(200, head);
    response.end(body);
});
// Connections stay open between two runs.
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', 1024, () => console.log(server.address().port));

process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
