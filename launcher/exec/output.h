// What the command prints: passed on as it comes, and kept in a log of bounded size.
#ifndef ARGOSY_OUTPUT_H
#define ARGOSY_OUTPUT_H

#include <stddef.h>

enum { STREAM_BUFFER = 256 * 1024 };

struct stream {
    int from;    // read end of the command's pipe; -1 when it has ended
    int to;      // our own standard output or error; -1 when nobody reads it any more
    int stuck;   // whoever reads it has to take something first
    int copies;  // `to` is no pipe, so the bytes go through the buffer
    size_t start, end;
    char buffer[STREAM_BUFFER];
};

// The log is `log` in `directory` up to the limit in bytes, then `log.1`, `log.2` and so on, each as
// long. Of those only the last two are kept, so that the beginning and the end survive. Without a
// place to write it the command runs all the same.
void open_log(const char *directory, long long limit);
void close_log(void);

// Whether something waits until `to` can be written.
int is_pending(const struct stream *stream);

// Take what the command has written, when there is something, and pass it on where that needs no
// copy; at the end of its output `from` becomes -1. Returns the number of bytes taken.
size_t fill(struct stream *stream);

// Pass on what fits without waiting: call it when `to` can be written. Returns whether it did.
size_t drain(struct stream *stream);

#endif
