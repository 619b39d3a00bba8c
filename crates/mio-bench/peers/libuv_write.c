/* libuv with uv_write, which queues what the socket does not take. */
#define QUEUED
#include "libuv.c"
