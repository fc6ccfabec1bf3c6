/*
 * The system calls that the daemon does without, as a filter of the kernel's (seccomp(2)). A list
 * of what is forbidden, and not of what is needed: the next libcurl may need a call that this one
 * does not, and a scheduler that dies of it at 3 a.m. protects nobody. A forbidden call fails, as
 * it would for want of rights. Numbers beyond the kernel that the list was written for are
 * unknown (ENOSYS), which libraries have to expect on any older kernel.
 *
 * Written down for the kernel's interpreter as it is: a table and thirty lines are easier to check
 * than a library for every architecture and every filter.
 */
#include "daemon/confine.h"

#include <assert.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE_ARCH AUDIT_ARCH_RISCV64
#else
#define NATIVE_ARCH 0 /* arguments and numbers were not looked at there: no filter */
#endif

#define CALLS_KNOWN 451 /* Linux 5.17; x32's numbers are beyond it, too */
#define FILTER_MAX  256

static const unsigned forbidden[] = {
	/* Other programs and processes. */
	SYS_execve,
	SYS_execveat,
#ifdef SYS_fork
	SYS_fork,
	SYS_vfork,
#endif
	SYS_ptrace,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_process_madvise,
	SYS_pidfd_getfd,
	SYS_pidfd_send_signal,
	SYS_kill,
	SYS_tkill,
	SYS_rt_sigqueueinfo,
	SYS_rt_tgsigqueueinfo,
	SYS_kcmp,
	/* Other users. */
	SYS_setuid,
	SYS_setgid,
	SYS_setreuid,
	SYS_setregid,
	SYS_setresuid,
	SYS_setresgid,
	SYS_setfsuid,
	SYS_setfsgid,
	SYS_setgroups,
	SYS_capset,
	SYS_keyctl,
	SYS_add_key,
	SYS_request_key,
	/* Other views of the file system, and ways around names in it. */
	SYS_mount,
	SYS_umount2,
	SYS_pivot_root,
	SYS_chroot,
	SYS_move_mount,
	SYS_open_tree,
	SYS_mount_setattr,
	SYS_fsopen,
	SYS_fsconfig,
	SYS_fsmount,
	SYS_fspick,
	SYS_unshare,
	SYS_setns,
	SYS_open_by_handle_at,
	SYS_name_to_handle_at,
	SYS_fanotify_init,
	SYS_mknodat,
#ifdef SYS_mknod
	SYS_mknod,
#endif
	/* Wide parts of the kernel. */
	SYS_bpf,
	SYS_perf_event_open,
	SYS_io_uring_setup,
	SYS_io_uring_enter,
	SYS_io_uring_register,
	SYS_userfaultfd,
	SYS_personality,
#ifdef SYS_modify_ldt
	SYS_modify_ldt,
	SYS_ioperm,
	SYS_iopl,
#endif
	/* The machine. */
	SYS_init_module,
	SYS_finit_module,
	SYS_delete_module,
	SYS_kexec_load,
	SYS_reboot,
	SYS_swapon,
	SYS_swapoff,
	SYS_acct,
	SYS_quotactl,
	SYS_sethostname,
	SYS_setdomainname,
	SYS_settimeofday,
	SYS_clock_settime,
	SYS_clock_adjtime,
	SYS_adjtimex,
	SYS_syslog,
	SYS_vhangup,
};

/* Where it talks: clients, the spawner, HTTP, and the C library's look-up of addresses. */
static const unsigned families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };

struct filter {
	struct sock_filter line[FILTER_MAX];
	unsigned short n;
};

static void
add(struct filter *filter, struct sock_filter line)
{
	assert(filter->n < FILTER_MAX);
	filter->line[filter->n++] = line;
}

static void
load(struct filter *filter, size_t offset)
{
	add(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset));
}

/* When the comparison (BPF_JEQ, BPF_JGE, BPF_JSET) with what was loaded holds. */
static void
answer_if(struct filter *filter, unsigned short comparison, unsigned value, unsigned answer)
{
	add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | comparison | BPF_K, value, 0, 1));
	add(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer));
}

static void
answer(struct filter *filter, unsigned value)
{
	add(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, value));
}

/* For this call, the `n` lines that `rest` holds say what the answer is; they give one always. */
static void
answer_call(struct filter *filter, unsigned call, const struct filter *rest)
{
	add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0,
						 (unsigned char)rest->n));
	for (unsigned short i = 0; i < rest->n; i++)
		add(filter, rest->line[i]);
}

#define FAIL(error) (SECCOMP_RET_ERRNO | (error))

/* A thread is no process. clone3(2) hides its flags: without it the C library uses clone(2). */
static void
allow_threads(struct filter *filter)
{
	struct filter flags = { .n = 0 };
	load(&flags, offsetof(struct seccomp_data, args[0]));
	answer_if(&flags, BPF_JSET, CLONE_THREAD, SECCOMP_RET_ALLOW);
	answer(&flags, FAIL(EPERM));
	answer_call(filter, SYS_clone, &flags);
	answer_if(filter, BPF_JEQ, SYS_clone3, FAIL(ENOSYS));
}

/*
 * A call whose first argument is a process: ours may be named, by its number or where it can by 0.
 * abort(3) and pthread_kill(3) signal a thread of ours; getrlimit(3) and setrlimit(3) name 0.
 */
static void
allow_ourselves(struct filter *filter, unsigned call)
{
	struct filter process = { .n = 0 };
	load(&process, offsetof(struct seccomp_data, args[0]));
	answer_if(&process, BPF_JEQ, 0, SECCOMP_RET_ALLOW);
	answer_if(&process, BPF_JEQ, (unsigned)getpid(), SECCOMP_RET_ALLOW);
	answer(&process, FAIL(EPERM));
	answer_call(filter, call, &process);
}

static void
allow_families(struct filter *filter)
{
	struct filter family = { .n = 0 };
	load(&family, offsetof(struct seccomp_data, args[0]));
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		answer_if(&family, BPF_JEQ, families[i], SECCOMP_RET_ALLOW);
	answer(&family, FAIL(EAFNOSUPPORT));
	answer_call(filter, SYS_socket, &family);
}

int
confine_calls(void)
{
	struct filter filter = { .n = 0 };
	struct sock_fprog program = { .filter = filter.line };
	if (NATIVE_ARCH == 0) {
		errno = ENOSYS;
		return -1;
	}
	load(&filter, offsetof(struct seccomp_data, arch));
	add(&filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0));
	answer(&filter, SECCOMP_RET_KILL_PROCESS);
	load(&filter, offsetof(struct seccomp_data, nr));
	answer_if(&filter, BPF_JGE, CALLS_KNOWN, FAIL(ENOSYS));
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		answer_if(&filter, BPF_JEQ, forbidden[i], FAIL(EPERM));
	allow_threads(&filter);
	allow_families(&filter);
	allow_ourselves(&filter, SYS_tgkill); /* 0 is EINVAL to it */
	allow_ourselves(&filter, SYS_prlimit64);
	answer(&filter, SECCOMP_RET_ALLOW);
	program.len = filter.n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
