# The core without PHP: floors 0 to 2 as a static library, and the C tests that
# drive it. Everything lands in .build/, one folder for each flavour.
#
#   make -f core.mk FLAVOUR=asan          build the library and its tests
#   make -f core.mk FLAVOUR=asan list     the test programs, one a line
#
# A test that holds the line "shmx-flavour: crash" is built in that flavour
# only; one that says nothing is built in release and asan. The flavour coverage
# builds them all.

FLAVOUR ?= release
BUILD ?= .build/core-$(FLAVOUR)
WERROR ?=

flags_release = -O2 -g
flags_crash = -O1 -g -DSHMX_CRASH_POINTS
flags_asan = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# gcc's ThreadSanitizer does not follow fences, and says so of each; shmx_racing.h excuses the reads that rely on them.
flags_tsan = -O1 -g -fsanitize=thread -Wno-tsan
# Unoptimised, so that each line is code of its own.
flags_coverage = -O0 -g --coverage -fprofile-update=atomic -DSHMX_CRASH_POINTS -DSHMX_COVERAGE
link_coverage = -Wl,--wrap=_exit,--wrap=kill,--wrap=raise

flavour_flags := $(flags_$(FLAVOUR))
ifeq ($(flavour_flags),)
$(error FLAVOUR is release, crash, asan, tsan or coverage, not "$(FLAVOUR)")
endif

common = -std=gnu11 -pthread -fvisibility=hidden $(flavour_flags) $(CFLAGS) $(WERROR)
core_flags = $(common) -Wall -Wextra -Wshadow -Wconversion
test_flags = $(common) -Wall -Wextra -Wshadow -I. -Itests/core

# Floors 3 and 4 know PHP; every other source is the core.
core_objects := $(patsubst %.c,$(BUILD)/%.o,$(filter-out shmx.c shmx_codec.c,$(wildcard shmx*.c)))

# What a test names wins; grep -L finds those that name nothing.
tests_here := $(shell grep -lsw 'shmx-flavour:.*$(FLAVOUR)' tests/core/test_*.c)
ifneq ($(filter release asan,$(FLAVOUR)),)
tests_here += $(shell grep -Ls 'shmx-flavour:' tests/core/test_*.c)
endif
ifeq ($(FLAVOUR),coverage)
tests_here := $(wildcard tests/core/test_*.c)
endif
programs := $(patsubst tests/core/%.c,$(BUILD)/%,$(sort $(tests_here)))
helper_sources := $(filter-out tests/core/test_% tests/core/coverage_exit.c,$(wildcard tests/core/*.c))
ifeq ($(FLAVOUR),coverage)
helper_sources += tests/core/coverage_exit.c
endif
helpers := $(patsubst tests/core/%.c,$(BUILD)/%.o,$(helper_sources))
library := $(BUILD)/libshmx.a

all: $(library) $(programs)

lib: $(library)

list:
	@$(foreach program,$(programs),echo $(program);)

$(library): $(core_objects)
	@rm -f $@
	$(AR) rcs $@ $^

$(core_objects): $(BUILD)/%.o: %.c core.mk | $(BUILD)
	$(CC) $(core_flags) -MMD -MP -c -o $@ $<

$(helpers) $(programs:=.o): $(BUILD)/%.o: tests/core/%.c core.mk | $(BUILD)
	$(CC) $(test_flags) -MMD -MP -c -o $@ $<

$(programs): %: %.o $(helpers) $(library)
	$(CC) $(common) $(link_$(FLAVOUR)) -o $@ $^ -lcmocka

$(BUILD):
	mkdir -p $@

-include $(wildcard $(BUILD)/*.d)

.PHONY: all lib list
.DELETE_ON_ERROR:
