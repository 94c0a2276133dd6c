// Files: whole reads and atomic writes, modes opened up, trees copied.
//
// Memory is only ever taken, from the kernel, and never in a loop that has no end: no allocator is
// linked.
#ifndef ARGOSY_FILES_H
#define ARGOSY_FILES_H

#include <stddef.h>

// Called between chunks of long work, so that the heart goes on beating.
typedef void (*tick_fn)(void);

// Zeroed memory for good, or NULL.
void *allocate(size_t size);

// `first`/`second` as a new string; ends the process when there is no memory.
char *joined(const char *first, const char *second);

// Bytes of a file with a NUL behind them; NULL with errno set when it cannot be read.
char *read_file(const char *path, size_t *size);

// The beginning of a file that the kernel makes up on reading; -1 when it cannot be read.
int read_small(const char *path, char *text, size_t room);

// A new file for writing, in place of whatever has its name: the command can put a link or a pipe
// there. -1 with errno set.
int create_file(int directory, const char *path);

// Write to `path` all or nothing: to `temporary` first, then renamed. -1 with errno set.
int write_file(const char *path, const char *temporary, const char *data, size_t size);

// Give everybody what the owner has (a+rX), at any depth below `path`; symlinks are left alone.
// Also makes the directories above it passable, as far as they are ours.
void open_up(const char *path, tick_fn tick);

// Copy a file, or a directory with all that its links point to, as this process sees it. There must
// be nothing at `to`.
// Returns "file", "directory", "absent", or what went wrong; `problem` then holds errno.
const char *copy_tree(const char *from, const char *to, tick_fn tick, int *problem);

// Put text or decimal digits behind `text` and a NUL behind them; return where that NUL is.
char *append_text(char *text, const char *more);
char *append_number(char *text, long long value);

// The number that `text` begins with, 0 without one; `*end` is what follows it.
long long leading_number(const char *text, const char **end);

#endif
