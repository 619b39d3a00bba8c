// Node.js with its module `http`: its own parser, and objects for each request and its answer.
//
//   node http_node.js http    prints its port; ends when its standard input is closed
'use strict';

const http = require('http');

const body = 'Hello, world!';
const head = {
    'Content-Type': 'text/plain',
    'Content-Length': body.length,
    // As the others say it; otherwise Node.js adds a time to it.
    'Connection': 'keep-alive',
};

const server = http.createServer((request, response) => {
    response.sendDate = false;
    response.writeHead(200, head);
    response.end(body);
});
// It stays between two turns.
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', 1024, () => console.log(server.address().port));

process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
