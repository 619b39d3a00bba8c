/* libuv: streams for the echo, uv_poll for the dispatch. It replies by uv_try_write, or with QUEUED
 * by uv_write. */
#include "common.h"
#include <uv.h>

static int wanted;

struct client {
    uv_tcp_t tcp; /* the first, so that a pointer to it is one to this */
    unsigned char matched;
};

static void forget(uv_handle_t *handle) { free(handle); }

static void give(uv_handle_t *handle, size_t hint, uv_buf_t *space) {
    (void)handle, (void)hint;
    *space = uv_buf_init(buffer, sizeof buffer);
}

#ifdef QUEUED
struct request {
    uv_write_t write; /* the first, as above */
    char data[];
};

static void on_written(uv_write_t *write, int status) {
    if (status < 0 && !uv_is_closing((uv_handle_t *)write->handle))
        uv_close((uv_handle_t *)write->handle, forget);
    free(write);
}

/* Queues a copy, because the next read reuses the buffer. */
static int send_all(uv_stream_t *stream, const char *text, size_t size) {
    struct request *request = malloc(sizeof *request + size);
    need(request != NULL, "malloc");
    memcpy(request->data, text, size);
    uv_buf_t answer = uv_buf_init(request->data, (unsigned)size);
    if (uv_write(&request->write, stream, &answer, 1, on_written) == 0)
        return 1;
    free(request);
    return 0;
}
#else
/* A reply is short, so there is room for it. */
static int send_all(uv_stream_t *stream, const char *text, size_t size) {
    uv_buf_t answer = uv_buf_init((char *)text, (unsigned)size);
    return uv_try_write(stream, &answer, 1) == (int)size;
}
#endif

static void on_data(uv_stream_t *stream, ssize_t length, const uv_buf_t *data) {
    if (length > 0) {
        size_t size = (size_t)length;
        const char *text = reply(&((struct client *)stream)->matched, data->base, &size);
        if (size == 0 || send_all(stream, text, size))
            return;
    } else if (length == 0) {
        return;
    }
    if (!uv_is_closing((uv_handle_t *)stream))
        uv_close((uv_handle_t *)stream, forget);
}

static void on_connection(uv_stream_t *listener, int status) {
    struct client *client = malloc(sizeof *client);
    need(status == 0, "connection");
    client->matched = 0;
    uv_tcp_init(listener->loop, &client->tcp);
    if (uv_accept(listener, (uv_stream_t *)client) == 0)
        uv_read_start((uv_stream_t *)client, give, on_data);
    else
        uv_close((uv_handle_t *)client, forget);
}

static void serve(int fd) {
    static uv_tcp_t listener;
    uv_tcp_init(uv_default_loop(), &listener);
    uv_tcp_open(&listener, fd);
    need(uv_listen((uv_stream_t *)&listener, 1024, on_connection) == 0, "uv_listen");
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

static void on_ready(uv_poll_t *handle, int status, int events) {
    (void)events;
    need(status == 0, "uv_poll");
    seen((int)(intptr_t)handle->data);
    if (seen_count == wanted)
        uv_stop(uv_default_loop());
}

static void watch(int fd) {
    uv_poll_t *handle = malloc(sizeof *handle);
    need(uv_poll_init(uv_default_loop(), handle, fd) == 0, "uv_poll_init");
    handle->data = (void *)(intptr_t)fd;
    uv_poll_start(handle, UV_READABLE, on_ready);
}

static void turn(int expected) {
    wanted = expected;
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
