#define _GNU_SOURCE
#include "child.h"
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

// What Docker and containerd use where the image sets none.
enum { OUTPUT_PIPE = 256 * 1024 };

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

char **split_entries(char *data, size_t size) {
    size_t count = 0, at = 0;
    for (size_t i = 0; i < size; i++) count += data[i] == 0;
    char **entries = allocate((count + 1) * sizeof *entries);
    for (size_t i = 0; entries && i < count; i++) {
        entries[i] = data + at;
        at += strlen(data + at) + 1;
    }
    return entries;
}

static int same_name(const char *one, const char *other) {
    size_t length = strcspn(one, "=");
    return strncmp(one, other, length) == 0 && other[length] == '=';
}

char **merged_environment(char **inherited, char **added) {
    size_t count = 0;
    for (char **entry = inherited; *entry; entry++) count++;
    for (char **entry = added; *entry; entry++) count++;
    char **result = allocate((count + 1) * sizeof *result);
    size_t length = 0;
    for (int round = 0; result && round < 2; round++)
        for (char **entry = round ? added : inherited; *entry; entry++) {
            size_t place = 0;
            while (place < length && !(strchr(*entry, '=') && same_name(*entry, result[place])))
                place++;
            result[place] = *entry;
            length += place == length;
        }
    return result;
}

static const char *value_of(char **environment, const char *name) {
    for (; *environment; environment++)
        if (same_name(name, *environment)) return *environment + strcspn(name, "=") + 1;
    return NULL;
}

// Runs in the child; returns only when nothing could be started.
static void run(char **argv, char **environment, struct start_error *error) {
    const char *name = argv[0];
    if (strchr(name, '/') || !*name) {
        execve(name, argv, environment);
        error->number = errno;
        error->present = access(name, F_OK) == 0;
        return;
    }
    const char *path = value_of(environment, "PATH=");
    if (!path) path = DEFAULT_PATH;
    error->number = ENOENT;
    char *candidate = allocate(strlen(path) + strlen(name) + 3);
    if (!candidate) {
        error->number = ENOMEM;
        return;
    }
    for (;;) {
        size_t length = strcspn(path, ":");
        memcpy(candidate, length ? path : ".", length ? length : 1);
        char *end = candidate + (length ? length : 1);
        *end++ = '/';
        append_text(end, name);
        execve(candidate, argv, environment);
        int present = access(candidate, F_OK) == 0;
        if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) {
            error->number = errno;
            error->present = present;
            return;
        }
        // Found and refused says more than not found further on.
        if (present && !error->present) {
            error->number = errno;
            error->present = 1;
        }
        if (!path[length]) return;
        path += length + 1;
    }
}

// An image without a working directory starts at the root, which is not for everybody to write: a
// command that writes to a relative path finds its home there instead.
static void leave_the_root(char **environment) {
    char here[2];
    const char *home = value_of(environment, "HOME=");
    if (!home || !getcwd(here, sizeof here) || access("/", W_OK) == 0) return;
    if (access(home, W_OK) == 0 && chdir(home) < 0) return;
}

static void become_the_command(char **argv, char **environment, const sigset_t *mask, mode_t mode,
                               int out, int err, int report, pid_t parent) {
    struct start_error error = {0, 0};
    setpgid(0, 0);
    // It must not outlive us where we are not the container's first process.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    umask(mode);
    leave_the_root(environment);
    if (dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0)
        run(argv, environment, &error);
    else
        error.number = errno;
    while (write(report, &error, sizeof error) < 0 && errno == EINTR) {
    }
    _exit(127);
}

int start_child(struct child *child, char **argv, char **environment, const sigset_t *mask,
                mode_t mode, struct start_error *error) {
    int out[2], err[2], report[2];
    error->present = 0;
    if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0) {
        error->number = errno;
        return -1;
    }
    pid_t parent = getpid();
    child->pid = fork();
    if (child->pid < 0) {
        error->number = errno;
        return -1;
    }
    if (child->pid == 0)
        become_the_command(argv, environment, mask, mode, out[1], err[1], report[1], parent);
    setpgid(child->pid, child->pid);  // both sides, so that neither can be too late
    close(out[1]);
    close(err[1]);
    close(report[1]);
    // Fewer turns for a command that prints a lot; more than its default may be refused.
    fcntl(out[0], F_SETPIPE_SZ, OUTPUT_PIPE);
    child->out = out[0];
    child->err = err[0];
    ssize_t got;
    // Closed by a successful exec; then there is nothing to read.
    while ((got = read(report[0], error, sizeof *error)) < 0 && errno == EINTR) {
    }
    close(report[0]);
    return got == sizeof *error ? -1 : 0;
}
