/* The reference loop. The including file selects its mode: EDGE, and SHORT_READ, which stops at a
 * read that does not fill the buffer. */
#include "common.h"
#include <sys/epoll.h>

static int epoll = -1;
static struct epoll_event events[1024];

static void add(int fd) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | (EDGE ? EPOLLET : 0),
                                .data.fd = fd};
    if (epoll < 0)
        epoll = epoll_create1(EPOLL_CLOEXEC);
    need(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

static int wait_for_events(void) {
    int count = epoll_wait(epoll, events, 1024, -1);
    need(count >= 0, "epoll_wait");
    return count;
}

/* Returns false when the connection is over. */
static int echo(int fd, uint32_t flags) {
    do {
        ssize_t length = read(fd, buffer, sizeof buffer);
        if (length < 0)
            return errno == EAGAIN;
        if (length == 0 || !answer(fd, length))
            return 0;
        /* After the end of the stream there is no other edge. */
        if (SHORT_READ && length < (ssize_t)sizeof buffer && !(flags & EPOLLRDHUP))
            return 1;
    } while (EDGE);
    return 1;
}

static void serve(int listener) {
    add(listener);
    for (;;) {
        int count = wait_for_events();
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd != listener) {
                if (!echo(fd, events[i].events))
                    close(fd);
                continue;
            }
            do {
                fd = accept_one(listener);
                if (fd < 0)
                    break;
                add(fd);
            } while (EDGE);
        }
    }
}

static void watch(int fd) { add(fd); }

static void turn(int expected) {
    while (seen_count < expected) {
        int count = wait_for_events();
        for (int i = 0; i < count; i++)
            seen(events[i].data.fd);
    }
}
