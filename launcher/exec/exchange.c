#define _GNU_SOURCE
#include "exchange.h"
#include "child.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    LAUNCHER_SILENCE = 60,   // looks without a beat until a launcher counts as dead
    // Kubernetes starts the launcher right after us, and its image is there: the driver ran in it.
    // On a node that starts a hundred pods at once it takes long; how long we took ourselves, from
    // the end of the driver, says so. Looks until it counts as one that never starts:
    OWN_STARTS = 10,         // as many as would be ten starts of ours,
    SHORTEST_START = 60,     // and no fewer
    LONGEST_START = 600,     // and no more
};

static const char *published, *exchange, *termination_log;
static int alive = -1;  // the file that shows that we live
static int second_ms;
static int start_looks = SHORTEST_START;

long long milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void say(const char *first, const char *second) {
    const char *const parts[] = {"argosy: ", first, second, "\n"};
    for (int i = 0; i < 4; i++)
        if (write(STDERR_FILENO, parts[i], strlen(parts[i])) < 0) return;
}

// Looks at a launcher that has not appeared, by the time that has passed since the driver ended.
static int measure_start(void) {
    struct stat written;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (stat(joined(published, "exec"), &written) < 0) return SHORTEST_START;
    long long passed = (now.tv_sec - written.st_mtim.tv_sec) * 1000LL +
                       (now.tv_nsec - written.st_mtim.tv_nsec) / 1000000;
    long long looks = passed * OWN_STARTS / second_ms;
    return looks < SHORTEST_START ? SHORTEST_START : looks > LONGEST_START ? LONGEST_START : (int)looks;
}

void open_exchange(const char *published_path, const char *exchange_path, const char *log_path,
                   int tick_ms) {
    published = published_path;
    exchange = exchange_path;
    termination_log = log_path;
    second_ms = tick_ms;
    start_looks = measure_start();
    beat();
}

void leave_reason(const char *reason) {
    // May be missing, or not ours to write: the reason is in the log as well.
    int fd = open(termination_log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd >= 0) {
        if (write(fd, reason, strlen(reason)) < 0) say("cannot write ", termination_log);
        close(fd);
    }
    say(reason, "");
}

void publish(const char *name, const char *temporary, const char *data, size_t size) {
    const char *path = joined(exchange, name);
    if (write_file(path, joined(exchange, temporary), data, size) == 0) return;
    say("cannot write ", path);
    leave_reason(
        "nothing was stored: Argosy cannot write to '/argosy/exchange'; the disk of the pod is full, "
        "or the command wrote there");
    _exit(1);
}

void beat(void) {
    static long long last;
    long long now = milliseconds();
    if (alive >= 0 && now - last < second_ms) return;
    last = now;
    if (alive < 0) alive = open(joined(exchange, "exec-alive"), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    // Its time alone: to replace the file would cost a write to the disk every second.
    if (alive >= 0) futimens(alive, NULL);
}

// The launcher asks for the copy of a file or directory: a nonce and a path, each ended by NUL.
// The copy is `copies/NUMBER`; the answer is the nonce, and what it was or what went wrong.
static void serve(int number, char *data, size_t size, tick_fn tick) {
    char **words = split_entries(data, size);
    char *answer = allocate(size + 128), *end = answer;
    if (!words || !answer || !words[0] || !words[1]) return;
    char name[32];
    append_number(append_text(name, "copies/"), number);
    mkdir(joined(exchange, "copies"), 0777);
    const char *copy = joined(exchange, name);
    int problem = 0;
    const char *result = copy_tree(words[1], copy, tick, &problem);
    open_up(copy, tick);
    end = append_text(append_text(end, words[0]) + 1, result);
    if (problem) end = append_text(append_number(append_text(end, " (errno "), problem), ")");
    append_number(append_text(name, "answer-"), number);
    publish(name, "answer.tmp", answer, (size_t)(end + 1 - answer));
}

// The launcher's sign of life; looks are counted, not time: while we are frozen nobody else's clock
// runs out.
static struct {
    const char *path;
    int appeared, silent;
    struct timespec seen;
    long long next_look;
} launcher;

// Look once a second; whether it counts as dead.
static int launcher_is_dead(void) {
    struct stat info;
    long long now = milliseconds();
    if (now < launcher.next_look) return 0;
    launcher.next_look = now + second_ms;
    if (!launcher.path) launcher.path = joined(published, "launcher-alive");
    if (stat(launcher.path, &info) < 0) {
        launcher.silent++;
    } else if (!launcher.appeared || info.st_mtim.tv_sec != launcher.seen.tv_sec ||
               info.st_mtim.tv_nsec != launcher.seen.tv_nsec) {
        launcher.appeared = 1;
        launcher.silent = 0;
        launcher.seen = info.st_mtim;
    } else {
        launcher.silent++;
    }
    return launcher.silent > (launcher.appeared ? LAUNCHER_SILENCE : start_looks);
}

// Short tasks should not wait for us, and long uploads not be disturbed by us.
static void pause_until(int wake, int *pause_ms) {
    struct pollfd polled = {.fd = wake, .events = POLLIN};
    poll(&polled, 1, *pause_ms);
    if (*pause_ms < 20) ++*pause_ms;
}

int launcher_appeared(void) { return launcher.appeared; }

int await_launcher(int wake, int (*tick)(void)) {
    const char *path = joined(published, "launcher-alive");
    int pause_ms = 1;
    while (access(path, F_OK) < 0) {
        if (launcher_is_dead() || !tick()) return 0;
        pause_until(wake, &pause_ms);
    }
    return 1;
}

const char *await_verdict(int wake, tick_fn tick) {
    const char *verdict_path = joined(published, "verdict"), *request_path = NULL;
    char name[32];
    int asked = 0, pause_ms = 1;
    for (;;) {
        size_t size;
        if (!request_path) {
            append_number(append_text(name, "request-"), ++asked);
            request_path = joined(published, name);
        }
        char *request = read_file(request_path, &size);
        if (request) {
            serve(asked, request, size, tick);
            request_path = NULL;
            pause_ms = 1;
            continue;
        }
        char *text = read_file(verdict_path, &size);
        if (text) return text;
        if (launcher_is_dead()) return NULL;
        pause_until(wake, &pause_ms);
        tick();
    }
}
