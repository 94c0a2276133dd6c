#define _GNU_SOURCE
#include "output.h"
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

static struct {
    int fd;
    int part;  // 0 for `log`, then 1 and 2 in turn
    long long size, limit;
    char *names[3];
} log = {.fd = -1};

static void open_part(int part) {
    if (log.fd >= 0) close(log.fd);
    log.fd = open(log.names[part], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
    log.part = part;
    log.size = 0;
}

void open_log(const char *directory, long long limit) {
    static const char *const names[] = {"log", "log.1", "log.2"};
    for (int part = 0; part < 3; part++) log.names[part] = joined(directory, names[part]);
    log.limit = limit;
    open_part(0);
}

void close_log(void) {
    if (log.fd >= 0) close(log.fd);
    log.fd = -1;
}

static void keep(const char *data, size_t size) {
    while (size && log.fd >= 0) {
        if (log.size >= log.limit) {
            open_part(log.part == 1 ? 2 : 1);
            continue;
        }
        long long room = log.limit - log.size;
        ssize_t put = write(log.fd, data, (long long)size < room ? size : (size_t)room);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return;  // a full disk costs the log, not the task
        log.size += put;
        data += put;
        size -= (size_t)put;
    }
}

size_t fill(struct stream *stream) {
    if (stream->start == stream->end) stream->start = stream->end = 0;
    size_t room = STREAM_BUFFER - stream->end;
    if (stream->from < 0 || !room) return 0;
    ssize_t got = read(stream->from, stream->buffer + stream->end, room);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return 0;
    if (got <= 0) {
        close(stream->from);
        stream->from = -1;
        return 0;
    }
    keep(stream->buffer + stream->end, (size_t)got);
    stream->end += (size_t)got;
    if (stream->to < 0) stream->start = stream->end;
    return (size_t)got;
}

void drain(struct stream *stream) {
    // A pipe that polls as writable takes this many bytes without blocking.
    size_t size = stream->end - stream->start;
    if (size > PIPE_BUF) size = PIPE_BUF;
    ssize_t put = write(stream->to, stream->buffer + stream->start, size);
    if (put < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (put < 0) {
        // Nobody reads our output; the command must not notice, and the log goes on.
        stream->to = -1;
        stream->start = stream->end;
        return;
    }
    stream->start += (size_t)put;
}
