#define _GNU_SOURCE
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>  // rename
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    MAX_DEPTH = 200,  // of directories; each level holds a descriptor and a buffer on the stack
    ENTRIES = 4096,   // bytes of directory entries read at a time
    CHUNK = 256 * 1024,
};

void *allocate(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

char *append_text(char *text, const char *more) {
    size_t length = strlen(more);
    memcpy(text, more, length + 1);
    return text + length;
}

char *append_number(char *text, long long value) {
    char digits[20];
    int count = 0;
    unsigned long long rest = value < 0 ? 0ULL - (unsigned long long)value : (unsigned long long)value;
    if (value < 0) *text++ = '-';
    do {
        digits[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    while (count) *text++ = digits[--count];
    *text = 0;
    return text;
}

long long leading_number(const char *text, const char **end) {
    long long value = 0;
    while (*text == ' ') text++;
    while (*text >= '0' && *text <= '9' && value < LLONG_MAX / 16) value = value * 10 + (*text++ - '0');
    *end = text;
    return value;
}

char *joined(const char *first, const char *second) {
    char *result = allocate(strlen(first) + strlen(second) + 2);
    if (!result) _exit(70);
    append_text(append_text(append_text(result, first), "/"), second);
    return result;
}

char *read_file(const char *path, size_t *size) {
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    char *data = fstat(fd, &info) < 0 ? NULL : allocate((size_t)info.st_size + 1);
    *size = 0;
    while (data && *size < (size_t)info.st_size) {
        ssize_t got = read(fd, data + *size, (size_t)info.st_size - *size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) data = NULL;
        if (got <= 0) break;
        *size += (size_t)got;
    }
    int kept = errno;
    close(fd);
    errno = kept;
    return data;
}

int read_small(const char *path, char *text, size_t room) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t got = read(fd, text, room - 1);
    close(fd);
    text[got > 0 ? got : 0] = 0;
    return got < 0 ? -1 : 0;
}

static int write_all(int fd, const char *data, size_t size) {
    while (size) {
        ssize_t put = write(fd, data, size);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return -1;
        data += put;
        size -= (size_t)put;
    }
    return 0;
}

int create_file(int directory, const char *path) {
    unlinkat(directory, path, 0);
    return openat(directory, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

int write_file(const char *path, const char *temporary, const char *data, size_t size) {
    int fd = create_file(AT_FDCWD, temporary);
    int result = fd < 0 ? -1 : write_all(fd, data, size);
    if (fd >= 0 && close(fd) < 0) result = -1;
    return result == 0 ? rename(temporary, path) : -1;
}

// One directory being read.
struct listing {
    int fd;
    long length, at;
    char entries[ENTRIES] __attribute__((aligned(8)));
};

// struct linux_dirent64: inode and offset of 8 bytes, length of 2, type of 1, then the name.
enum { ENTRY_LENGTH = 16, ENTRY_NAME = 19 };

// The next name but `.` and `..`; NULL at the end.
static const char *next_name(struct listing *listing) {
    for (;;) {
        if (listing->at >= listing->length) {
            listing->at = 0;
            listing->length = syscall(SYS_getdents64, listing->fd, listing->entries, ENTRIES);
            if (listing->length <= 0) return NULL;
        }
        const char *entry = listing->entries + listing->at;
        unsigned short length;
        memcpy(&length, entry + ENTRY_LENGTH, sizeof length);
        listing->at += length;
        const char *name = entry + ENTRY_NAME;
        if (strcmp(name, ".") && strcmp(name, "..")) return name;
    }
}

static void open_up_at(int parent, const char *name, int depth, tick_fn tick) {
    struct stat info;
    tick();
    if (fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) < 0) return;
    mode_t mode = info.st_mode & 07777, wanted = mode;
    if (S_ISDIR(info.st_mode))
        wanted |= 0555;
    else if (S_ISREG(info.st_mode))
        wanted |= (mode & 0111) ? 0555 : 0444;
    else
        return;
    // What belongs to another user stays as it is; the launcher says so if it cannot read it.
    if (wanted != mode) fchmodat(parent, name, wanted, 0);
    if (!S_ISDIR(info.st_mode) || depth == MAX_DEPTH) return;
    struct listing listing = {.fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (listing.fd < 0) return;
    for (const char *entry; (entry = next_name(&listing));)
        open_up_at(listing.fd, entry, depth + 1, tick);
    close(listing.fd);
}

void open_up(const char *path, tick_fn tick) {
    char above[PATH_MAX];
    char *slash;
    if (strlen(path) >= sizeof above) return;
    append_text(above, path);
    while ((slash = strrchr(above, '/')) && slash != above) {
        struct stat info;
        *slash = 0;
        if (lstat(above, &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == geteuid() &&
            (info.st_mode & 0111) != 0111)
            chmod(above, (info.st_mode & 07777) | 0111);
    }
    open_up_at(AT_FDCWD, path, 0, tick);
}

static const char NOT_COPIED[] = "cannot be copied to '/argosy/exchange'";

// The state of one copy: the first problem ends it.
static struct {
    tick_fn tick;
    const char *failed;  // what went wrong; NULL while all is well
    int problem;
    dev_t devices[MAX_DEPTH];  // the directories that we are in, against links in circles
    ino_t inodes[MAX_DEPTH];
    char buffer[CHUNK];
} copy;

static void fail(const char *what) {
    if (copy.failed) return;
    copy.failed = what;
    copy.problem = errno;
}

static void copy_file(int from, const char *name, int to, const char *target) {
    // It may have become a pipe since it was looked at.
    int in = openat(from, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (in < 0) {
        fail("cannot be read");
        return;
    }
    int out = create_file(to, target);
    if (out < 0) fail(NOT_COPIED);
    while (out >= 0) {
        copy.tick();
        ssize_t got = read(in, copy.buffer, CHUNK);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail("cannot be read");
        if (got <= 0) break;
        if (write_all(out, copy.buffer, (size_t)got) < 0) {
            fail(NOT_COPIED);
            break;
        }
    }
    if (out >= 0 && close(out) < 0) fail(NOT_COPIED);
    close(in);
}

static const char *copy_at(int from, const char *name, int to, const char *target, int depth);

static void copy_directory(int from, const char *name, int to, const char *target, int depth) {
    struct listing listing = {.fd = openat(from, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (listing.fd < 0) {
        fail("cannot be read");
        return;
    }
    int out = -1;
    if (mkdirat(to, target, 0777) == 0)
        out = openat(to, target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (out < 0) fail(NOT_COPIED);
    for (const char *entry; !copy.failed && (entry = next_name(&listing));)
        copy_at(listing.fd, entry, out, entry, depth + 1);
    if (out >= 0) close(out);
    close(listing.fd);
}

static const char *copy_at(int from, const char *name, int to, const char *target, int depth) {
    struct stat info;
    if (fstatat(from, name, &info, 0) < 0) {
        // A link that points nowhere counts as absent, like a file that is not there.
        if (errno != ENOENT && errno != ENOTDIR) fail("cannot be read");
        return "absent";
    }
    if (S_ISREG(info.st_mode)) {
        copy_file(from, name, to, target);
        return "file";
    }
    if (!S_ISDIR(info.st_mode)) {
        errno = EINVAL;
        fail("is, or holds, something that is neither a file nor a directory");
        return "absent";
    }
    for (int i = 0; i < depth; i++)
        // A link to a directory that it is in is left out, as by the launcher's own uploads.
        if (copy.devices[i] == info.st_dev && copy.inodes[i] == info.st_ino) return "absent";
    errno = ELOOP;
    if (depth == MAX_DEPTH) {
        fail("is nested too deeply");
        return "absent";
    }
    copy.devices[depth] = info.st_dev;
    copy.inodes[depth] = info.st_ino;
    copy_directory(from, name, to, target, depth);
    return "directory";
}

const char *copy_tree(const char *from, const char *to, tick_fn tick, int *problem) {
    copy.tick = tick;
    copy.failed = NULL;
    copy.problem = 0;
    const char *result = copy_at(AT_FDCWD, from, AT_FDCWD, to, 0);
    *problem = copy.problem;
    return copy.failed ? copy.failed : result;
}
