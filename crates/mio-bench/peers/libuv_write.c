/* libuv with uv_write, which queues the bytes that the socket does not accept. */
#define QUEUED
#include "libuv.c"
