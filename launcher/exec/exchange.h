// The protocol with the launcher (docs/container-contract.md): what it says is on the published
// volume, which is read-only in this container, and what we say on the exchange volume.
#ifndef ARGOSY_EXCHANGE_H
#define ARGOSY_EXCHANGE_H

#include "files.h"

// Milliseconds of a clock that only ever goes forward.
long long milliseconds(void);

// A line on standard error, for whoever reads the log of the container.
void say(const char *first, const char *second);

// Begin to show that we live. `tick_ms` is the protocol's second.
void open_exchange(const char *published, const char *exchange, const char *termination_log,
                   int tick_ms);

// Leave the reason of a failure for Kubernetes.
void leave_reason(const char *reason);

// Show that we live, if it is time to.
void beat(void);

// Whether the launcher has shown that it lives. Until then the command must not run: it could
// replace the program of Argo by which the launcher's container starts. `tick` returns whether to
// go on waiting. 0 when it did not come up in time, or when `tick` said so.
int await_launcher(int wake, int (*tick)(void));

// Whether the launcher has ever shown that it lives.
int launcher_appeared(void);

// Write a file of ours, all or nothing. Ends this process if it cannot be written: the launcher
// would wait for it as long as we live.
void publish(const char *name, const char *temporary, const char *data, size_t size);

// The launcher's last word: an exit code, a line break, and a reason or nothing. Its requests are
// served until then. NULL when it is dead. `wake` is a descriptor whose events cut a pause short.
const char *await_verdict(int wake, tick_fn tick);

#endif
