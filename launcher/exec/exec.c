// Runs one command in the user's image, between a driver that prepared it and a launcher that
// finishes it. docs/container-contract.md is the promise; this is its half of the protocol.
//
// Written in C and linked statically because it runs in images that have nothing: no libc, no
// shell, no /tmp, any UID, a root that cannot be written.

#define _GNU_SOURCE
#include "child.h"
#include "exchange.h"
#include "files.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    USAGE = 64,       // exit code for a pod that was put together wrongly
    LINGER = 2,       // seconds for processes that outlive the command to end by themselves
    LINGER_TERM = 3,  // and after SIGTERM, before SIGKILL
    STALLED = 60,     // seconds for whoever reads our output to go on, once the command ended
    NEVER = -1,
};

static struct {
    const char *volumes;
    const char *termination_log;
    int grace;             // seconds from SIGTERM to SIGKILL
    long long log_limit;   // bytes of each part of the log, of which three are kept
    int tick_ms;           // the protocol's second; shorter in tests
} options = {"/argosy", "/dev/termination-log", 20, 64 << 20, 1000};

static const char *published;  // what driver and launcher tell us; we only read it
static const char *exchange;   // what we and the command write
static int signals;           // signalfd of all that we handle
static sigset_t handled;
static mode_t users_umask;

static pid_t command = -1;  // its process group lives as long as we do not say otherwise
static int ended;           // the command itself was reaped
static int status;          // of waitpid
static int stopped;         // first signal from outside that asks for an end
static long long stop_due = NEVER;   // when SIGKILL follows it
static int leftover;        // processes that outlived the command and had to be killed
static int finishing;       // the command's part is over: signals concern nobody any more

static int command_running(void) { return command > 0 && !ended; }

static void to_command(int number) {
    if (command > 0) kill(-command, number);
}

static void on_signal(int number) {
    if (number == SIGCHLD || number == SIGPIPE || finishing) return;
    int asks_for_end = number == SIGTERM || number == SIGINT || number == SIGQUIT || number == SIGHUP;
    if (asks_for_end && !stopped) {
        stopped = number;
        stop_due = milliseconds() + options.grace * (long long)options.tick_ms;
    }
    if (command_running()) to_command(number);
}

// Orphans come to us: we are the first process of the container, or made ourselves their reaper.
static int reap(void) {
    int result;
    pid_t pid;
    while ((pid = waitpid(-1, &result, WNOHANG)) > 0)
        if (pid == command) {
            status = result;
            ended = 1;
        }
    return pid == 0;  // some are left
}

static void take_signals(void) {
    struct signalfd_siginfo info;
    int children = 0;
    while (read(signals, &info, sizeof info) == sizeof info) {
        children |= info.ssi_signo == SIGCHLD;
        on_signal((int)info.ssi_signo);
    }
    if (children) reap();
    if (stop_due != NEVER && milliseconds() >= stop_due && command_running()) {
        to_command(SIGKILL);
        stop_due = NEVER;
    }
}

static void tick(void) {
    beat();
    take_signals();
}

// Wait for output, room for it, or a signal; move what can be moved. Returns bytes moved.
static size_t relay(struct stream *streams, int wait_ms) {
    struct pollfd polled[5] = {{.fd = signals, .events = POLLIN}};
    size_t moved = 0;
    for (int i = 0; i < 2; i++) {
        int full = is_pending(&streams[i]);
        polled[1 + i] = (struct pollfd){.fd = full ? -1 : streams[i].from, .events = POLLIN};
        polled[3 + i] = (struct pollfd){.fd = full ? streams[i].to : -1, .events = POLLOUT};
    }
    if (poll(polled, 5, wait_ms) > 0)
        for (int i = 0; i < 2; i++) {
            if (polled[1 + i].revents) moved += fill(&streams[i]);
            if (polled[3 + i].revents) moved += drain(&streams[i]);
        }
    beat();
    if (polled[0].revents || stop_due != NEVER) take_signals();
    return moved;
}

static int pending(const struct stream *streams) {
    return is_pending(&streams[0]) || is_pending(&streams[1]);
}

// A signal for our own children: those in the command's group, and orphans in groups of their own.
// Returns how many were seen.
static int kill_children(int number) {
    char path[64] = "/proc/self/task/", list[4096];
    int count = 0;
    to_command(number);
    if (getpid() == 1) return kill(-1, number) == 0;  // all that there is in this container
    append_text(append_number(path + strlen(path), getpid()), "/children");
    if (read_small(path, list, sizeof list) < 0) return 1;
    for (const char *at = list; *at;) {
        const char *next;
        pid_t pid = (pid_t)leading_number(at, &next);
        if (next == at || (*next != ' ' && *next)) break;
        if (*next && pid > 1) {
            kill(pid, number);
            count++;
        }
        at = *next ? next + 1 : next;
    }
    return count;
}

// The command's end is the end: outputs must not change while they are stored. What it left behind
// (a `tee` that still has something to write) gets a moment, then is told, then killed.
static void end_leftovers(struct stream *streams) {
    const long long second = options.tick_ms;
    const long long term_after = LINGER * second;
    // After a stop they have been told already, and what is left of the time is for storing.
    const long long kill_after = term_after + (stopped ? 0 : LINGER_TERM * second);
    long long began = milliseconds(), moved_last = began;
    int told = 0;
    for (;;) {
        int left = reap();
        size_t moved = relay(streams, left ? 5 : pending(streams) ? 20 : 0);
        long long now = milliseconds();
        if (moved) moved_last = now;
        if (left) {
            if (!told && now - began >= term_after) {
                leftover = kill_children(SIGTERM);
                told = 1;
            }
            if (now - began >= kill_after) kill_children(SIGKILL);
            // In uninterruptible sleep, or not to be found without /proc.
            if (now - began >= kill_after + LINGER * second) return;
        } else if (!moved && !pending(streams)) {
            return;
        } else if (now - moved_last >= STALLED * second) {
            return;  // nobody takes our output
        }
    }
}

// How often the kernel killed for want of memory in this container; NEVER: it does not say.
static long long out_of_memory_kills(void) {
    static const char *const places[] = {"/sys/fs/cgroup/memory.events",
                                         "/sys/fs/cgroup/memory/memory.oom_control"};
    static const char name[] = "oom_kill ";
    for (int i = 0; i < 2; i++) {
        char text[1024];
        const char *found = read_small(places[i], text, sizeof text) < 0 ? NULL : strstr(text, name);
        if (found) return leading_number(found + sizeof name - 1, &found);
    }
    return NEVER;
}

static void report(int started, const struct start_error *error, const char *out_of_memory) {
    char text[512];
    char *end = append_text(text, "{\"version\":1,\"started\":");
    end = append_text(end, started ? "true" : "false");
    end = append_number(append_text(end, ",\"exit_code\":"),
                        started && WIFEXITED(status) ? WEXITSTATUS(status) : 0);
    end = append_number(append_text(end, ",\"signal\":"),
                        started && WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    end = append_number(append_text(end, ",\"error\":"), error->number);
    end = append_text(append_text(end, ",\"present\":"), error->present ? "true" : "false");
    end = append_number(append_text(end, ",\"stopped\":"), stopped);
    end = append_number(append_text(end, ",\"leftover\":"), leftover);
    end = append_text(append_text(append_text(end, ",\"out_of_memory\":"), out_of_memory), "}");
    publish("exit", "exit.tmp", text, (size_t)(end - text));
}

static const char no_launcher[] =
    "the launcher of this pod did not start, nothing was run or stored; see the events of the pod";

static int conclude(int own_code) {
    const char *text = await_verdict(signals, tick);
    int code = own_code ? own_code : 1;
    const char *reason =
        launcher_appeared()
            ? "the launcher of this pod ended without a word, nothing was stored; see the log of "
              "container 'launcher'"
            : no_launcher;
    if (text) {
        code = (int)leading_number(text, &reason);
        if (*reason == '\n') reason++;
    }
    if (*reason) leave_reason(reason);
    return code;
}

// Whether to go on waiting for the launcher.
static int still_wanted(void) {
    tick();
    return !stopped;
}

static void open_outputs(void) {
    size_t size;
    char *data = read_file(joined(published, "open"), &size);
    char **entries = data ? split_entries(data, size) : NULL;
    for (char **entry = entries; entry && *entry; entry++) open_up(*entry, tick);
}

// Run the command to its end and report; returns the exit code that it stands for.
static int run_command(char **argv, char **environment) {
    static struct stream streams[2];
    struct child child;
    struct start_error error = {0, 0};
    sigset_t none;
    long long kills = out_of_memory_kills();
    take_signals();  // told to stop before it began
    // Without a launcher nothing of the command would be stored: it is not run. One that starts now
    // finds nobody, and ends.
    if (!await_launcher(signals, still_wanted) && !stopped) {
        leave_reason(no_launcher);
        _exit(1);
    }
    open_log(exchange, options.log_limit);
    sigemptyset(&none);
    int started = !stopped && start_child(&child, argv, environment, &none, users_umask, &error) == 0;
    if (!started) {
        reap();
        close_log();
        report(0, &error, "null");
        if (stopped) return 128 + stopped;
        return error.number == ENOENT && !error.present ? 127 : 126;
    }
    command = child.pid;
    for (int i = 0; i < 2; i++) {
        streams[i].from = i ? child.err : child.out;
        streams[i].to = i ? STDERR_FILENO : STDOUT_FILENO;
        fcntl(streams[i].from, F_SETFL, O_NONBLOCK);
    }
    while (!ended) relay(streams, options.tick_ms);
    end_leftovers(streams);
    finishing = 1;
    close_log();
    open_outputs();
    // It only says so if it can be seen from in here.
    report(1, &error, kills == NEVER ? "null" : out_of_memory_kills() > kills ? "true" : "false");
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int number_option(const char *text) {
    int value = (int)leading_number(text, &text);
    return value > 0 ? value : 1;
}

int main(int argc, char **argv, char **environment) {
    for (int i = 1; i < argc; i += 2) {
        if (argv[i][0] != '-' || !argv[i][1] || argv[i][2] || i + 1 == argc) return USAGE;
        const char *value = argv[i + 1];
        switch (argv[i][1]) {
            case 'd': options.volumes = value; break;
            case 'g': options.grace = number_option(value); break;
            case 'l': options.log_limit = number_option(value); break;
            case 'm': options.tick_ms = number_option(value); break;
            case 't': options.termination_log = value; break;
            default: return USAGE;
        }
    }
    // Pipes of ours must not take the place of a stream that the container was started without.
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0 && open("/", O_RDONLY) < 0)
            return USAGE;
    users_umask = umask(0);  // what we write is for a launcher under any UID
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    sigfillset(&handled);
    // Faults of our own stay deadly.
    static const int own[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) sigdelset(&handled, own[i]);
    sigprocmask(SIG_BLOCK, &handled, NULL);
    signals = signalfd(-1, &handled, SFD_NONBLOCK | SFD_CLOEXEC);
    published = joined(options.volumes, "published");
    exchange = joined(options.volumes, "exchange");
    open_exchange(published, exchange, options.termination_log, options.tick_ms);

    size_t argv_size, env_size;
    char *argv_data = read_file(joined(published, "argv"), &argv_size);
    if (!argv_data) {
        // Nothing to run: the task was done before, or cannot be done. The launcher says which.
        finishing = 1;
        return conclude(0);
    }
    char *env_data = read_file(joined(published, "env"), &env_size);
    char **command_argv = split_entries(argv_data, argv_size);
    char **added = split_entries(env_data ? env_data : "", env_data ? env_size : 0);
    // What Python prints is seen at once, and stands before its traceback.
    char *defaults[] = {"PYTHONUNBUFFERED=1", NULL};
    char **container = merged_environment(defaults, environment);
    char **command_environment = added && container ? merged_environment(container, added) : NULL;
    if (!command_argv || !command_argv[0] || !command_environment) {
        say("the step has no command: ", published);
        return USAGE;
    }
    return conclude(run_command(command_argv, command_environment));
}
