/* The code that all C peers share: the arguments, the listener, and the clock.
 *
 *   PEER echo                              an echo server on 127.0.0.1; prints its port
 *   PEER http                              the same, for HTTP, when compiled with -DHTTP
 *   PEER dispatch REGISTERED READY ROUNDS  prints nanoseconds of CPU time, and of wall-clock time
 *
 * The servers end when their standard input is closed. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Each peer defines these three functions. */
static void serve(int listener); /* accepts, and echoes; never returns */
static void watch(int fd);       /* registers an eventfd, whose handler calls `seen` */
static void turn(int expected);  /* handles events until `seen_count` has reached this */

static char buffer[16 * 1024];
static int seen_count;

static inline void need(int condition, const char *what) {
    if (!condition) {
        perror(what);
        exit(1);
    }
}

/* Reads a ready eventfd, as each peer does. */
static inline void seen(int fd) {
    uint64_t count;
    need(read(fd, &count, sizeof count) == sizeof count, "read");
    seen_count++;
}

#ifdef HTTP
#include "http.h"
#else
#define TASK "echo"
static void prepare(void) {}

/* The reply to the data that was read. HTTP keeps one byte of state for each connection. */
static inline const char *reply(unsigned char *matched, const char *data, size_t *length) {
    (void)matched, (void)length;
    return data;
}
#endif

/* That byte, for peers that identify a connection by its descriptor. Linux allows no more
 * descriptors by default. */
static unsigned char matched_at[1 << 20];

/* Replies to the data that was read. A reply is short, so there is room for it. */
static inline int answer(int fd, ssize_t length) {
    size_t size = (size_t)length;
    const char *text = reply(&matched_at[fd], buffer, &size);
    return size == 0 || write(fd, text, size) == (ssize_t)size;
}

static inline int accept_one(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
#ifdef HTTP
    if (fd >= 0)
        matched_at[fd] = 0;
#endif
    return fd;
}

static int listen_here(void) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    need(bind(listener, (struct sockaddr *)&address, sizeof address) == 0, "bind");
    need(listen(listener, 1024) == 0, "listen");
    need(getsockname(listener, (struct sockaddr *)&address, &length) == 0, "getsockname");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

/* A closed input ends the process by SIGIO. A reading thread would do too, but with it the kernel
 * would count references to files at each call. */
static void end_with_input(void) {
    fcntl(0, F_SETOWN, getpid());
    fcntl(0, F_SETFL, O_ASYNC);
    /* If it was closed before, no signal comes. */
    struct pollfd input = {0, POLLIN, 0};
    if (poll(&input, 1, 0) > 0 && input.revents & POLLHUP)
        exit(1);
}

static int64_t now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void dispatch(int registered, int ready, int rounds) {
    int *fds = (int *)calloc((size_t)registered, sizeof *fds);
    for (int i = 0; i < registered; i++) {
        fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        need(fds[i] >= 0, "eventfd");
        watch(fds[i]);
    }
    int64_t cpu = 0, wall = 0;
    const uint64_t one = 1;
    /* The first round is not measured. */
    for (int round = 0; round <= rounds; round++) {
        if (round == 1) {
            cpu = now(CLOCK_PROCESS_CPUTIME_ID);
            wall = now(CLOCK_MONOTONIC);
        }
        for (int i = 0; i < ready; i++) {
            int fd = fds[(int64_t)i * registered / ready];
            need(write(fd, &one, sizeof one) == sizeof one, "write");
        }
        turn(ready);
        need(seen_count == ready, "events");
        seen_count = 0;
    }
    printf("%lld %lld\n", (long long)(now(CLOCK_PROCESS_CPUTIME_ID) - cpu),
           (long long)(now(CLOCK_MONOTONIC) - wall));
}

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], TASK) == 0) {
        prepare();
        end_with_input();
        serve(listen_here());
    } else if (count == 5 && strcmp(arguments[1], "dispatch") == 0) {
        dispatch(atoi(arguments[2]), atoi(arguments[3]), atoi(arguments[4]));
    } else {
        fprintf(stderr, "usage: " TASK " | dispatch REGISTERED READY ROUNDS\n");
        return 2;
    }
    return 0;
}
