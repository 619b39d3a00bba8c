// Boost.Asio: callbacks, one session for each connection.
#include "common.h"
#include <boost/asio.hpp>
#include <memory>

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// A concurrency hint of one thread, so that nothing is locked.
static asio::io_context context(1);

struct session : std::enable_shared_from_this<session> {
    tcp::socket socket;
    char data[1024];
    unsigned char matched = 0;

    explicit session(tcp::socket from) : socket(std::move(from)) {}

    void read() {
        auto self = shared_from_this();
        socket.async_read_some(asio::buffer(data), [self](error_code error, size_t length) {
            if (!error)
                self->write(length);
        });
    }

    void write(size_t length) {
        auto self = shared_from_this();
        const char *text = reply(&matched, data, &length);
        if (length == 0)
            return read();
        asio::async_write(socket, asio::buffer(text, length), [self](error_code error, size_t) {
            if (!error)
                self->read();
        });
    }
};

static void accept_from(tcp::acceptor &acceptor) {
    acceptor.async_accept([&acceptor](error_code error, tcp::socket socket) {
        if (!error)
            std::make_shared<session>(std::move(socket))->read();
        accept_from(acceptor);
    });
}

static void serve(int listener) {
    tcp::acceptor acceptor(context, tcp::v4(), listener);
    accept_from(acceptor);
    context.run();
}

static void wait_for(asio::posix::stream_descriptor &descriptor) {
    descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                          [&descriptor](error_code error) {
                              need(!error, "async_wait");
                              seen(descriptor.native_handle());
                              wait_for(descriptor);
                          });
}

static void watch(int fd) { wait_for(*new asio::posix::stream_descriptor(context, fd)); }

static void turn(int expected) {
    while (seen_count < expected)
        context.run_one();
}
