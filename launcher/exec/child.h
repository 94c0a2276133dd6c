// The user's command as a child process.
#ifndef ARGOSY_CHILD_H
#define ARGOSY_CHILD_H

#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

// Why the command did not start; the launcher turns it into a sentence.
struct start_error {
    int number;   // errno
    int present;  // the file is there all the same: what it needs to run is not
};

struct child {
    pid_t pid;
    int out;  // read ends of its standard output and standard error
    int err;
};

// Entries of a NUL-ended list as an array with NULL behind it; points into `data`.
char **split_entries(char *data, size_t size);

// `inherited` with `added` (NAME=VALUE) put over it: a later name wins.
char **merged_environment(char **inherited, char **added);

// Start `argv` in a process group of its own, found on the PATH of `environment`.
// 0, or -1 with `error` filled. `mask` and `umask` are what the command starts with.
int start_child(struct child *child, char **argv, char **environment, const sigset_t *mask,
                mode_t umask, struct start_error *error);

#endif
