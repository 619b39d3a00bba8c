/* libev: one ev_io for each descriptor. */
#include "common.h"
/* Its macros violate aliasing rules that newer compilers warn about. */
#pragma GCC diagnostic ignored "-Wstrict-aliasing"
#include <ev.h>

typedef void handler(struct ev_loop *loop, ev_io *io, int what);

static void add(int fd, handler *on_event) {
    ev_io *io = malloc(sizeof *io);
    need(io != NULL, "malloc");
    ev_io_init(io, on_event, fd, EV_READ);
    ev_io_start(ev_default_loop(0), io);
}

static void on_data(struct ev_loop *loop, ev_io *io, int what) {
    ssize_t length = read(io->fd, buffer, sizeof buffer);
    (void)what;
    if (length > 0 ? answer(io->fd, length) : length < 0 && errno == EAGAIN)
        return;
    ev_io_stop(loop, io);
    close(io->fd);
    free(io);
}

static void on_connection(struct ev_loop *loop, ev_io *io, int what) {
    int fd = accept_one(io->fd);
    (void)loop, (void)what;
    if (fd >= 0)
        add(fd, on_data);
}

static void serve(int listener) {
    add(listener, on_connection);
    ev_run(ev_default_loop(0), 0);
}

static void on_ready(struct ev_loop *loop, ev_io *io, int what) {
    (void)loop, (void)what;
    seen(io->fd);
}

static void watch(int fd) { add(fd, on_ready); }

static void turn(int expected) {
    while (seen_count < expected)
        ev_run(ev_default_loop(0), EVRUN_ONCE);
}
