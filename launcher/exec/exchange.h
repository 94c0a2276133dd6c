// The protocol with the launcher, over files on the shared volume (docs/container-contract.md).
#ifndef ARGOSY_EXCHANGE_H
#define ARGOSY_EXCHANGE_H

#include "files.h"

// Milliseconds of a clock that only ever goes forward.
long long milliseconds(void);

// A line on standard error, for whoever reads the log of the container.
void say(const char *first, const char *second);

// Make the directory `exchange` on the shared volume and return its path. `tick_ms` is the
// protocol's second.
const char *open_exchange(const char *shared, int tick_ms);

// Show that we live, if it is time to.
void beat(void);

// Write a file of ours, all or nothing.
void publish(const char *name, const char *temporary, const char *data, size_t size);

// The launcher's last word: an exit code, a line break, and a reason or nothing. Its requests are
// served until then. NULL when it is dead. `wake` is a descriptor whose events cut a pause short.
const char *await_verdict(int wake, tick_fn tick);

#endif
