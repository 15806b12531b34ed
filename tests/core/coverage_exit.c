/*
 * In the coverage build only: a process writes its counts down before it ends in a way that runs no exit handlers, by
 * _exit() or by killing itself. The linker's --wrap sends the calls here; see core.mk.
 */
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

void __gcov_dump(void);

void __real__exit(int status) __attribute__((noreturn));
int __real_kill(pid_t process, int number);
int __real_raise(int number);

void __wrap__exit(int status) __attribute__((noreturn));
int __wrap_kill(pid_t process, int number);
int __wrap_raise(int number);

void __wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}

int __wrap_kill(pid_t process, int number)
{
	if (number == SIGKILL && process == getpid()) {
		__gcov_dump();
	}
	return __real_kill(process, number);
}

int __wrap_raise(int number)
{
	if (number == SIGKILL) {
		__gcov_dump();
	}
	return __real_raise(number);
}
