/* The service of common.h with -DHTTP: a reply to each request, instead of an echo.
 *
 * A request ends with an empty line, and is not parsed further. It may arrive in two reads, and two
 * may arrive in one. */
#define TASK "http"
#define ANSWER                                                                                     \
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n"                        \
    "Connection: keep-alive\r\n\r\nHello, world!"

/* Enough replies for all ends of requests that fit into one read. */
static char answers[sizeof buffer / 4 * (sizeof ANSWER - 1)];

static void prepare(void) {
    const size_t size = sizeof ANSWER - 1;
    for (size_t at = 0; at < sizeof answers; at += size)
        memcpy(answers + at, ANSWER, size);
}

/* `matched` is the number of bytes of an end that the connection has received so far. */
static inline const char *reply(unsigned char *matched, const char *data, size_t *length) {
    static const char end[] = "\r\n\r\n";
    unsigned char seen = *matched;
    size_t count = 0;
    for (size_t i = 0; i < *length; i++) {
        if (data[i] != end[seen])
            seen = data[i] == '\r';
        else if (++seen == 4) {
            seen = 0;
            count++;
        }
    }
    *matched = seen;
    *length = count * (sizeof ANSWER - 1);
    return answers;
}
