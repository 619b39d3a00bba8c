/* libevent: plain events, without its buffers. */
#include "common.h"
#include <event2/event.h>

static struct event_base *base;

static void add(int fd, event_callback_fn handler) {
    if (!base)
        base = event_base_new();
    struct event *event = event_new(base, fd, EV_READ | EV_PERSIST, handler,
                                    event_self_cbarg());
    need(event && event_add(event, NULL) == 0, "event_add");
}

static void on_data(evutil_socket_t fd, short what, void *event) {
    ssize_t length = read(fd, buffer, sizeof buffer);
    (void)what;
    if (length > 0 ? answer(fd, length) : length < 0 && errno == EAGAIN)
        return;
    event_free(event);
    close(fd);
}

static void on_connection(evutil_socket_t listener, short what, void *event) {
    int fd = accept_one(listener);
    (void)what, (void)event;
    if (fd >= 0)
        add(fd, on_data);
}

static void serve(int listener) {
    add(listener, on_connection);
    event_base_dispatch(base);
}

static void on_ready(evutil_socket_t fd, short what, void *event) {
    (void)what, (void)event;
    seen(fd);
}

static void watch(int fd) { add(fd, on_ready); }

static void turn(int expected) {
    while (seen_count < expected)
        event_base_loop(base, EVLOOP_ONCE);
}
