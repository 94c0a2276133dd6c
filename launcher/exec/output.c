#define _GNU_SOURCE
#include "output.h"
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

enum { TO_BUFFER = -2 };

static struct {
    int fd;
    int part;
    long long size, limit;
    const char *beginning;  // path of the part 0; the others have a dot and their number behind it
} log = {.fd = -1};

static const char *part_path(int part) {
    static char path[PATH_MAX];
    char *end = append_text(path, log.beginning);
    if (part) append_number(append_text(end, "."), part);
    return path;
}

static void open_part(int part) {
    if (log.fd >= 0) close(log.fd);
    if (part > 2) unlink(part_path(part - 2));
    log.fd = create_file(AT_FDCWD, part_path(part));
    log.part = part;
    log.size = 0;
}

void open_log(const char *directory, long long limit) {
    log.beginning = joined(directory, "log");
    log.limit = limit;
    // Room for the dot and the number.
    if (strlen(log.beginning) + 16 < PATH_MAX) open_part(0);
}

void close_log(void) {
    if (log.fd >= 0) close(log.fd);
    log.fd = -1;
}

static void keep(const char *data, size_t size) {
    while (size && log.fd >= 0) {
        if (log.size >= log.limit) {
            open_part(log.part + 1);
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

// Pass on what the command has written from pipe to pipe: the kernel gives the same pages to both,
// and any number that fits, where a write could only be as small as is certain to fit. Then take it
// for the log. Returns as `read` does, or TO_BUFFER.
static ssize_t pass_on(struct stream *stream) {
    ssize_t size = tee(stream->from, stream->to, STREAM_BUFFER, SPLICE_F_NONBLOCK);
    stream->stuck = size < 0 && errno == EAGAIN;
    for (ssize_t left = size, got; left > 0; left -= got) {
        while ((got = read(stream->from, stream->buffer, (size_t)left)) < 0 && errno == EINTR) {
        }
        if (got <= 0) return got;
        keep(stream->buffer, (size_t)got);
    }
    if (size >= 0 || errno == EAGAIN || errno == EINTR) return size;
    if (errno == EPIPE)
        stream->to = -1;
    else
        stream->copies = 1;
    return TO_BUFFER;
}

int is_pending(const struct stream *stream) {
    return stream->stuck || stream->start != stream->end;
}

size_t fill(struct stream *stream) {
    if (stream->start == stream->end) stream->start = stream->end = 0;
    size_t room = STREAM_BUFFER - stream->end;
    if (stream->from < 0 || !room) return 0;
    int passes = stream->to >= 0 && !stream->copies && !stream->end;
    ssize_t got = passes ? pass_on(stream) : TO_BUFFER;
    if (got == TO_BUFFER) {
        got = read(stream->from, stream->buffer + stream->end, room);
        if (got > 0) {
            keep(stream->buffer + stream->end, (size_t)got);
            stream->end += (size_t)got;
            if (stream->to < 0) stream->start = stream->end;
        }
    }
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return 0;
    if (got <= 0) {
        close(stream->from);
        stream->from = -1;
        return 0;
    }
    return (size_t)got;
}

size_t drain(struct stream *stream) {
    if (stream->stuck) return fill(stream);
    // A pipe that polls as writable takes this many bytes without blocking.
    size_t size = stream->end - stream->start;
    if (size > PIPE_BUF) size = PIPE_BUF;
    ssize_t put = write(stream->to, stream->buffer + stream->start, size);
    if (put < 0 && (errno == EINTR || errno == EAGAIN)) return 0;
    if (put < 0) {
        // Nobody reads our output; the command must not notice, and the log goes on.
        stream->to = -1;
        stream->start = stream->end;
        return 0;
    }
    stream->start += (size_t)put;
    return (size_t)put;
}
