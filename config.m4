dnl shmx stands on four things that not every system has. Each is checked here
dnl by name, so that a build that cannot work ends with a sentence about what
dnl is missing and not with a compiler's error.

PHP_ARG_ENABLE([shmx],
  [whether to enable shmx shared memory],
  [AS_HELP_STRING([--enable-shmx],
    [Enable shmx: shared memory that survives a killed process])],
  [no])

if test "$PHP_SHMX" != "no"; then
  SHMX_CFLAGS="-std=gnu11 -fvisibility=hidden"

  shmx_save_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS $SHMX_CFLAGS -D_GNU_SOURCE"

  AC_CACHE_CHECK([for System V shared memory], [shmx_cv_shm],
    [AC_LINK_IFELSE([AC_LANG_PROGRAM([[
      #include <sys/ipc.h>
      #include <sys/shm.h>
    ]], [[
      struct shmid_ds state;
      int id = shmget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
      void *address = shmat(id, (void *) 0, SHM_RDONLY);
      return shmctl(id, IPC_STAT, &state) + shmdt(address);
    ]])], [shmx_cv_shm=yes], [shmx_cv_shm=no])])
  if test "$shmx_cv_shm" != "yes"; then
    AC_MSG_ERROR([shmx needs System V shared memory (shmget, shmat, shmctl, shmdt in <sys/shm.h>), and this system has none.])
  fi

  AC_CACHE_CHECK([for System V semaphores], [shmx_cv_sem],
    [AC_LINK_IFELSE([AC_LANG_PROGRAM([[
      #include <sys/ipc.h>
      #include <sys/sem.h>
    ]], [[
      struct sembuf claim = {0, 1, SEM_UNDO | IPC_NOWAIT};
      int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
      return semop(id, &claim, 1) + semctl(id, 0, IPC_RMID);
    ]])], [shmx_cv_sem=yes], [shmx_cv_sem=no])])
  if test "$shmx_cv_sem" != "yes"; then
    AC_MSG_ERROR([shmx needs System V semaphores with SEM_UNDO (semget, semop, semctl in <sys/sem.h>), and this system has none.])
  fi

  AC_CACHE_CHECK([for semtimedop], [shmx_cv_semtimedop],
    [AC_LINK_IFELSE([AC_LANG_PROGRAM([[
      #include <time.h>
      #include <sys/ipc.h>
      #include <sys/sem.h>
    ]], [[
      struct sembuf wait = {0, -1, 0};
      struct timespec limit = {0, 0};
      return semtimedop(0, &wait, 1, &limit);
    ]])], [shmx_cv_semtimedop=yes], [shmx_cv_semtimedop=no])])
  if test "$shmx_cv_semtimedop" != "yes"; then
    AC_MSG_ERROR([shmx needs semtimedop() to wait for a writer with a time limit, and the C library of this system has none.])
  fi

  dnl An atomic that takes a lock of the C library's is no atomic between
  dnl processes: that lock is not in the segment.
  AC_CACHE_CHECK([for lock-free 64-bit atomics], [shmx_cv_atomics],
    [AC_LINK_IFELSE([AC_LANG_PROGRAM([[
      #include <stdatomic.h>
      #include <stdint.h>
      _Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics take a lock");
      _Static_assert(sizeof(_Atomic uint64_t) == 8, "64-bit atomics carry more than 64 bits");
    ]], [[
      static _Atomic uint64_t word;
      uint64_t expected = 0;
      return !atomic_compare_exchange_strong(&word, &expected, 1);
    ]])], [shmx_cv_atomics=yes], [shmx_cv_atomics=no])])
  if test "$shmx_cv_atomics" != "yes"; then
    AC_MSG_ERROR([shmx needs lock-free 64-bit atomics in C11 (<stdatomic.h>), and this compiler and processor do not have them together.])
  fi

  CFLAGS=$shmx_save_CFLAGS

  PHP_NEW_EXTENSION([shmx],
    [shmx.c shmx_bytes.c shmx_codec.c shmx_crash.c shmx_guard.c shmx_kind.c shmx_log.c shmx_queue.c shmx_segment.c shmx_vars.c],
    [$ext_shared],,
    [$SHMX_CFLAGS -DZEND_ENABLE_STATIC_TSRMLS_CACHE=1])
fi
