/* libuv for loop_instructions: uv_poll over sockets with data in them, whose callbacks add to a
 * number. The data stays and libuv is level-triggered, so each iteration reports all of them.
 *
 *   libuv_loop EVENTS ROUNDS */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

static void need(int condition, const char *what) {
    if (!condition) {
        perror(what);
        exit(1);
    }
}

static void on_ready(uv_poll_t *handle, int status, int events) {
    long *seen = handle->data;
    need(status == 0, "uv_poll");
    if (events & UV_READABLE)
        *seen += 1;
    if (events & UV_WRITABLE)
        *seen += 1000;
}

/* The function that valgrind counts. */
__attribute__((noinline)) void counted_libuv(uv_loop_t *loop) {
    uv_run(loop, UV_RUN_NOWAIT);
}

int main(int count, char **arguments) {
    long events = count == 3 ? atol(arguments[1]) : 0;
    long rounds = count == 3 ? atol(arguments[2]) : 0;
    long seen = 0;
    uv_loop_t *loop = uv_default_loop();
    need(events > 0 && rounds > 0, "usage: libuv_loop EVENTS ROUNDS");
    for (long i = 0; i < events; i++) {
        int pair[2];
        uv_poll_t *handle = malloc(sizeof *handle);
        need(handle != NULL, "malloc");
        need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
        need(write(pair[1], "!", 1) == 1, "write");
        need(uv_poll_init(loop, handle, pair[0]) == 0, "uv_poll_init");
        handle->data = &seen;
        need(uv_poll_start(handle, UV_READABLE, on_ready) == 0, "uv_poll_start");
    }
    /* The first one registers them too. */
    uv_run(loop, UV_RUN_NOWAIT);
    seen = 0;
    for (long i = 0; i < rounds; i++)
        counted_libuv(loop);
    /* Each round must have seen each source, or the counts are meaningless. */
    need(seen == events * rounds, "events are missing");
    return 0;
}
