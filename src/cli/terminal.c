/*
 * DESIGN. The master is ours and nobody else's: when we die, however, the kernel hangs the run
 * up. Nothing tells that a run has the terminal or has ended without ever opening it, so it is
 * looked at, often at first and then once a second; bytes from it wake us sooner. A hang-up on
 * the master is no end: the next attempt opens it again.
 */
#include "cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/write.h"

#define LOOK_MIN_MS 20
#define LOOK_MAX_MS 1000
#define CHUNK       4096

struct terminal {
	int master;
	int number;
	struct termios saved; /* the person's */
	bool is_raw;
	bool is_hung_up;       /* nobody has the other end open: seen at the last read */
	struct buf typed;      /* not yet taken by the run */
	sigset_t ours, before; /* signals that the relay takes; those blocked by our caller */
};

enum { SIGNALS, KEYS, MASTER, NFDS };

static void
copy_size(const struct terminal *terminal)
{
	struct winsize size;
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void)ioctl(terminal->master, TIOCSWINSZ, &size);
}

/* The other end, for that user. It is not opened here: a close would be a hang-up. */
static int
give_to(struct terminal *terminal, uid_t uid, struct err *err)
{
	char path[64];
	int error = ptsname_r(terminal->master, path, sizeof(path));
	if (error == 0 && uid != geteuid() && chown(path, uid, (gid_t)-1) != 0)
		error = errno;
	errno = error;
	return error ? err_errno(err, "a terminal for uid %lu", (unsigned long)uid) : 0;
}

static void
hold_signals(struct terminal *terminal)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH };
	sigemptyset(&terminal->ours);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&terminal->ours, signals[i]);
	sigprocmask(SIG_BLOCK, &terminal->ours, &terminal->before);
}

struct terminal *
terminal_new(uid_t uid, struct err *err)
{
	struct terminal *terminal = mem_alloc(sizeof(*terminal));
	hold_signals(terminal);
	terminal->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal->master < 0 || grantpt(terminal->master) != 0 ||
	    unlockpt(terminal->master) != 0 ||
	    ioctl(terminal->master, TIOCGPTN, &terminal->number) != 0 ||
	    fcntl(terminal->master, F_SETFL, O_NONBLOCK) != 0 ||
	    tcgetattr(STDIN_FILENO, &terminal->saved) != 0 ||
	    tcsetattr(terminal->master, TCSANOW, &terminal->saved) != 0) {
		err_errno(err, "a terminal for the run");
	} else if (give_to(terminal, uid, err) == 0) {
		copy_size(terminal);
		return terminal;
	}
	terminal_free(terminal);
	return NULL;
}

void
terminal_free(struct terminal *terminal)
{
	if (!terminal)
		return;
	if (terminal->master >= 0)
		close(terminal->master);
	sigprocmask(SIG_SETMASK, &terminal->before, NULL);
	buf_fini(&terminal->typed);
	free(terminal);
}

int
terminal_number(const struct terminal *terminal)
{
	return terminal->number;
}

/*
 * Raw for a session; else as it was, with keys that are signals. Either way bytes go out as they
 * come: the run's terminal has made lines of them.
 */
static void
set_raw(struct terminal *terminal, bool is_raw)
{
	struct termios wanted = terminal->saved;
	wanted.c_oflag &= ~(tcflag_t)OPOST;
	if (is_raw)
		cfmakeraw(&wanted);
	tcsetattr(STDIN_FILENO, TCSANOW, &wanted);
	terminal->is_raw = is_raw;
}

static bool
has_session(const struct terminal *terminal)
{
	pid_t session;
	return ioctl(terminal->master, TIOCGSID, &session) == 0;
}

/* Shows what the run has written; whether there was something. EIO: nobody has the other end. */
static bool
show(struct terminal *terminal)
{
	char data[CHUNK];
	ssize_t n = read(terminal->master, data, sizeof(data));
	terminal->is_hung_up = n == 0 || (n < 0 && errno == EIO);
	if (terminal->is_hung_up)
		buf_clear(&terminal->typed);
	return n > 0 && write_all(STDOUT_FILENO, data, (size_t)n) == 0;
}

/* False: the person's terminal is gone. */
static bool
take_keys(struct terminal *terminal)
{
	char data[CHUNK];
	ssize_t n = read(STDIN_FILENO, data, sizeof(data));
	if (n > 0)
		buf_add(&terminal->typed, data, (size_t)n);
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static void
pass_keys(struct terminal *terminal)
{
	ssize_t n = write(terminal->master, terminal->typed.data, terminal->typed.len);
	if (n > 0)
		buf_drop_front(&terminal->typed, (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		buf_clear(&terminal->typed);
}

/* The signal that ends us, 0: none did. */
static int
take_signal(struct terminal *terminal, int fd)
{
	struct signalfd_siginfo info;
	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	if (info.ssi_signo != SIGWINCH)
		return (int)info.ssi_signo;
	copy_size(terminal);
	return 0;
}

/* Waits for one of the three and serves it; *had_any: not just time has passed. As the relay. */
static int
serve(struct terminal *terminal, int signals, int wait_ms, bool *had_any)
{
	bool has_typed = terminal->typed.len > 0;
	struct pollfd fds[NFDS] = {
		[SIGNALS] = { .fd = signals, .events = POLLIN },
		[KEYS] = { .fd = terminal->is_raw && !has_typed ? STDIN_FILENO : -1,
			   .events = POLLIN },
		[MASTER] = { .fd = terminal->is_hung_up ? -1 : terminal->master,
			     .events = (short)(POLLIN | (has_typed ? POLLOUT : 0)) },
	};
	*had_any = poll(fds, NFDS, wait_ms) > 0;
	int signo = fds[SIGNALS].revents ? take_signal(terminal, signals) : 0;
	if (fds[MASTER].revents & (POLLIN | POLLHUP | POLLERR))
		show(terminal);
	if (fds[MASTER].revents & POLLOUT)
		pass_keys(terminal);
	if (fds[KEYS].revents && !take_keys(terminal) && signo == 0)
		signo = SIGHUP;
	return signo;
}

/*
 * The span to the next look. A session that has ended will hardly begin again soon, but then the
 * run may have ended, too.
 */
static int
next_wait(int wait_ms, bool is_left)
{
	wait_ms = is_left ? LOOK_MIN_MS : wait_ms + wait_ms / 2;
	return wait_ms < LOOK_MAX_MS ? wait_ms : LOOK_MAX_MS;
}

static int
relay(struct terminal *terminal, int signals, terminal_has_ended_fn *has_ended, void *arg)
{
	int wait_ms = LOOK_MIN_MS, signo = 0;
	while (signo == 0) {
		bool was_hung_up = terminal->is_hung_up, had_any;
		if (has_session(terminal) != terminal->is_raw)
			set_raw(terminal, !terminal->is_raw);
		signo = serve(terminal, signals, wait_ms, &had_any);
		bool is_left = terminal->is_hung_up && !was_hung_up;
		if (had_any && !is_left)
			continue;
		int ended = has_ended(arg);
		if (ended > 0 || (ended < 0 && terminal->is_hung_up))
			break;
		bool is_in_use = has_session(terminal);
		wait_ms = next_wait(wait_ms, is_left && !is_in_use);
		terminal->is_hung_up &= is_left || !is_in_use;
	}
	while (signo == 0 && show(terminal))
		;
	return signo;
}

int
terminal_relay(struct terminal *terminal, terminal_has_ended_fn *has_ended, void *arg)
{
	int signals = signalfd(-1, &terminal->ours, SFD_CLOEXEC | SFD_NONBLOCK);
	set_raw(terminal, false);
	int signo = relay(terminal, signals, has_ended, arg);
	tcsetattr(STDIN_FILENO, TCSANOW, &terminal->saved);
	if (signals >= 0)
		close(signals);
	return signo;
}
