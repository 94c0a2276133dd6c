// What the command prints: passed on as it comes, and kept in a log of bounded size.
#ifndef ARGOSY_OUTPUT_H
#define ARGOSY_OUTPUT_H

#include <stddef.h>

enum { STREAM_BUFFER = 64 * 1024 };

struct stream {
    int from;  // read end of the command's pipe; -1 when it has ended
    int to;    // our own standard output or error; -1 when nobody reads it any more
    size_t start, end;
    char buffer[STREAM_BUFFER];
};

// The log is `log` in `directory` up to the limit in bytes, then `log.1`, `log.2` and so on, each as
// long. Of those only the last two are kept, so that the beginning and the end survive. Without a
// place to write it the command runs all the same.
void open_log(const char *directory, long long limit);
void close_log(void);

// Take what the command has written; at the end of its output `from` becomes -1.
// Returns the number of bytes taken.
size_t fill(struct stream *stream);

// Pass on what fits without waiting: call it when `to` can be written.
void drain(struct stream *stream);

#endif
