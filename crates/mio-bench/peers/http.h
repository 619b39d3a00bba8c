/* What common.h takes with -DHTTP: the answer for each request, instead of an echo.
 *
 * A request is what ends with an empty line, and is not looked at further. One may come in two
 * reads, and two in one. */
#define TASK "http"
#define ANSWER                                                                                     \
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n"                        \
    "Connection: keep-alive\r\n\r\nHello, world!"

/* As many as there can be ends of requests in a read. */
static char answers[sizeof buffer / 4 * (sizeof ANSWER - 1)];

static void prepare(void) {
    const size_t size = sizeof ANSWER - 1;
    for (size_t at = 0; at < sizeof answers; at += size)
        memcpy(answers + at, ANSWER, size);
}

/* `matched` is how much of an end the connection has brought so far. */
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
