# SPDX-License-Identifier: BSD-2-Clause
# "make help" shows these lines:
#:
#: make              builds rasdiald, rasdial.so, rasdial, rasdial-pppd.so and the helpers in build/
#: make demo         shows the main job on loopback, as any user; KEEP=1 leaves it running
#: make check        builds and runs all tests; TESTS="unit agent/test_set" chooses (tests/run --list)
#: make lint         checks the source with gcc, clang, clang-tidy, cppcheck, smilint; CHECKS="rules format" chooses
#: make fuzz         feeds the parsers with what they do not expect, for SECONDS=60 each
#: make soak         load and faults, for MINUTES=2 each: COUNT=10000 connections; SEED= repeats a run
#: make bench        how fast it is beside what else could do the same; ROUNDS=3, ONLY="requests", RESULTS=file for the table
#: make format       lays out the C sources
#: make install      installs below $(DESTDIR)$(PREFIX); make uninstall takes it back, but for the configuration
#: make clean        removes build/
#:
#: make, demo, check, soak, bench and lint install the Debian packages that they need and do not find.
#:
#: knobs: BUILD=build      folder for all that is made
#:        PREFIX=/usr      where it is installed; DESTDIR= in front of that, for packages
#:        SANITIZE=        address,undefined or thread: a build with sanitizers, in a folder of its own
#:        WERROR=1         warnings are errors
#:        LINK=required    check: without user-mode-linux, the tests of real links fail instead of being skipped
#:        V=1              shows the commands
#:        CC=, CFLAGS=, CPPFLAGS=, LDFLAGS=   as usual

VERSION := 0.1.0

BUILD ?= build
# One name for one folder, however it is given: what a compiler writes of dependencies names its objects as we do.
override BUILD := $(patsubst $(CURDIR)/%,%,$(abspath $(BUILD)))
PREFIX ?= /usr
DESTDIR ?=
BINDIR ?= $(PREFIX)/bin
SBINDIR ?= $(PREFIX)/sbin
LIBDIR ?= $(PREFIX)/lib
LIBEXECDIR ?= $(PREFIX)/libexec
MANDIR ?= $(PREFIX)/share/man
MIBDIR ?= $(PREFIX)/share/snmp/mibs
DOCDIR ?= $(PREFIX)/share/doc/rasdial
UNITDIR ?= $(PREFIX)/lib/systemd/system

CFLAGS ?= -O2 -g
WERROR ?= 0
SANITIZE ?=
V ?= 0

comma := ,
# A build with sanitizers has a folder of its own, so that it can stand beside the plain one.
OUT := $(BUILD)$(if $(SANITIZE),/$(subst $(comma),-,$(SANITIZE)))
JOBS := $(shell nproc 2>/dev/null || echo 2)
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' $(1) $(2);)
supports = $(shell $(CC) -Werror $(1) -x c -c /dev/null -o /dev/null 2>/dev/null && echo $(1))

# ---- flags ----

all_cppflags = -D_GNU_SOURCE -DRASDIAL_VERSION='"$(VERSION)"' -DRASDIAL_LIBDIR='"$(LIBDIR)/rasdial"' \
	-Iplugin -MMD -MP $(CPPFLAGS)
all_cflags = -std=gnu17 -pthread -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	$(if $(filter 1,$(WERROR)),-Werror) $(hardening) $(CFLAGS)
hardening := -fstack-protector-strong $(call supports,-fstack-clash-protection) $(call supports,-fcf-protection)
fortify := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
sanitizer :=
ifneq ($(SANITIZE),)
# The checks of fortify would hide errors from the sanitizers.
fortify :=
sanitizer := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
all_ldflags = -pthread -Wl,-z,relro,-z,now -Wl,--as-needed $(CFLAGS) $(LDFLAGS)

# For programs, and for the object that snmpd loads.
compile = $(CC) $(all_cppflags) $(fortify) $(all_cflags) -fPIC -fvisibility=hidden $(sanitizer)
# The object that pppd loads never carries a sanitizer.
compile_pic = $(CC) $(all_cppflags) -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 $(all_cflags) -fPIC
link_program = $(CC) -pie $(sanitizer) $(all_ldflags)
# The host's symbols are resolved when it loads the object; ours bind to ourselves, and those of archives stay inside.
link_loadable = $(CC) -shared -Wl,-Bsymbolic -Wl,--exclude-libs,ALL $(all_ldflags)
# It stays in memory when it is unloaded: a dial thread may be left.
link_dlmod = $(link_loadable) $(sanitizer) -Wl,-z,nodelete

snmp_libs := -lnetsnmpagent -lnetsnmp

# ---- what is built ----

sources = $(wildcard $(addprefix plugin/,$(addsuffix /*.c,$(1))))
objects = $(patsubst %.c,$(OUT)/%.o,$(1))
pic_objects = $(patsubst %.c,$(OUT)/pic/%.o,$(1))

engine := $(call objects,$(call sources,sys ras driver config control))
dlmod := $(call objects,plugin/agent/dlmod.c)
main := $(call objects,plugin/agent/rasdiald.c)
agent := $(filter-out $(dlmod) $(main),$(call objects,$(call sources,agent)))
command := $(call objects,plugin/cli/rasdial.c)
cli := $(filter-out $(command),$(call objects,$(call sources,cli)))
pppd_plugin := $(call pic_objects,$(call sources,pppd-plugin))
pic_sys := $(call pic_objects,$(call sources,sys))

# Helpers of device type exec: those in sh are copied, so that they stand beside the others.
helper_sources := $(wildcard plugin/helpers/*.c)
helper_scripts := $(filter-out %.c,$(wildcard plugin/helpers/*))
helpers := $(patsubst plugin/helpers/%.c,$(OUT)/helpers/%,$(helper_sources)) \
	$(patsubst plugin/helpers/%,$(OUT)/helpers/%,$(helper_scripts))

tests := $(patsubst %.c,$(OUT)/%,$(wildcard tests/unit/test_*.c))
agent_tests := $(filter $(OUT)/tests/unit/test_agent_%,$(tests))
cli_tests := $(filter $(OUT)/tests/unit/test_cli_%,$(tests))
engine_tests := $(filter-out $(agent_tests) $(cli_tests),$(tests))

soakers := $(patsubst %.c,$(OUT)/%,$(wildcard tests/soak/*.c))
benchers := $(OUT)/tests/bench/stock.so $(OUT)/tests/bench/stock_agent
stock := $(call objects,tests/bench/stock.c tests/bench/stock_rows.c)
fuzzers := $(patsubst %.c,$(OUT)/%,$(wildcard tests/fuzz/fuzz_*.c))

# What the pppd of the other side, and the kernel of the guest, load in tests of links.
peers := $(patsubst %.c,$(OUT)/%.so,$(wildcard tests/link/*.c))

programs := $(if $(wildcard plugin/agent/rasdiald.c),$(OUT)/rasdiald $(OUT)/rasdial.so) $(if $(wildcard plugin/cli/rasdial.c),$(OUT)/rasdial) \
	$(if $(pppd_plugin),$(OUT)/rasdial-pppd.so) $(helpers)

all: packages-build
	$(Q)$(MAKE) --no-print-directory $(parallel) programs

# As many jobs as there are processors, unless the user said something else.
parallel = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))

programs: $(programs)

tests: $(tests) $(soakers) $(peers) $(benchers)

peers: $(peers)

soakers: $(soakers)

benchers: $(benchers)

fuzzers: $(fuzzers)

$(OUT)/rasdiald: $(main) $(agent) $(OUT)/librasdial.a
	$(call say,LINK,$@)$(link_program) -o $@ $^ $(snmp_libs) -lyaml

# What it needs of the agent, and nothing of an AgentX session; libnetsnmp is snmpd's.
$(OUT)/rasdial.so: $(dlmod) $(OUT)/libagent.a $(OUT)/librasdial.a
	$(call say,LINK,$@)$(link_dlmod) -o $@ $^ -lyaml

$(OUT)/rasdial: $(command) $(cli) $(OUT)/librasdial.a
	$(call say,LINK,$@)$(link_program) -o $@ $^ -lyaml

$(OUT)/rasdial-pppd.so: $(pppd_plugin) $(OUT)/pic/libsys.a
	$(call say,LINK,$@)$(link_loadable) -o $@ $^

$(peers): $(OUT)/%.so: $(OUT)/pic/%.o
	$(Q)mkdir -p $(@D)
	$(call say,LINK,$@)$(link_loadable) -o $@ $^

$(patsubst plugin/helpers/%.c,$(OUT)/helpers/%,$(helper_sources)): $(OUT)/helpers/%: $(OUT)/plugin/helpers/%.o
	$(Q)mkdir -p $(@D)
	$(call say,LINK,$@)$(link_program) -o $@ $^

$(patsubst plugin/helpers/%,$(OUT)/helpers/%,$(helper_scripts)): $(OUT)/helpers/%: plugin/helpers/%
	$(call say,COPY,$@)install -D -m $(if $(filter %/functions,$@),0644,0755) $< $@

$(OUT)/librasdial.a: $(engine)
$(OUT)/libagent.a: $(agent)
$(OUT)/pic/libsys.a: $(pic_sys)
%.a:
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(engine_tests): $(OUT)/tests/unit/%: $(OUT)/tests/unit/%.o $(OUT)/librasdial.a
	$(call say,LINK,$@)$(link_program) -o $@ $^ -lcmocka -lyaml

$(cli_tests): $(OUT)/tests/unit/%: $(OUT)/tests/unit/%.o $(cli) $(OUT)/librasdial.a
	$(call say,LINK,$@)$(link_program) -o $@ $^ -lcmocka -lyaml

$(agent_tests): $(OUT)/tests/unit/%: $(OUT)/tests/unit/%.o $(agent) $(OUT)/librasdial.a
	$(call say,LINK,$@)$(link_program) -o $@ $^ $(snmp_libs) -lcmocka -lyaml

$(soakers) $(fuzzers): $(OUT)/tests/%: $(OUT)/tests/%.o $(OUT)/librasdial.a
	$(call say,LINK,$@)$(link_program) -o $@ $^ -lyaml

# What rasdial is compared with, built as it is.
$(OUT)/tests/bench/stock.so: $(stock)
	$(call say,LINK,$@)$(link_dlmod) -o $@ $^

$(OUT)/tests/bench/stock_agent: $(OUT)/tests/bench/stock_agent.o $(stock)
	$(call say,LINK,$@)$(link_program) -o $@ $^ $(snmp_libs)

$(OUT)/%.o: %.c $(OUT)/flags
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)$(compile) -c -o $@ $<

$(OUT)/pic/%.o: %.c $(OUT)/flags
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)$(compile_pic) -c -o $@ $<

# Changes when the compiler or a flag does, and everything is built again.
$(OUT)/flags: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)printf '%s\n' $(call quote,$(compile) $(compile_pic) $(link_program)) | cmp -s - $@ || \
	    printf '%s\n' $(call quote,$(compile) $(compile_pic) $(link_program)) > $@
quote = '$(subst ','\'',$(1))'

packages-%: FORCE
	$(Q)if [ -x tests/packages ]; then tests/packages $(subst -, ,$*); fi

# ---- tests ----

check: packages-build-demo-check
	$(Q)tests/packages $(if $(filter required,$(LINK)),,-t) link
	$(Q)tests/run --build $(BUILD) $(TESTS)

lint: packages-build-lint
	$(Q)tests/run --build $(BUILD) $(or $(addprefix lint/,$(CHECKS)),lint)

# Fuzzers are an affair of clang.
fuzz: packages-build-fuzz
	$(Q)$(MAKE) --no-print-directory $(parallel) CC=clang SANITIZE=fuzzer,address,undefined fuzzers
	$(Q)tests/fuzz/run $(SECONDS) $(BUILD)/fuzz \
	    $(patsubst tests/%.c,$(BUILD)/fuzzer-address-undefined/tests/%,$(wildcard tests/fuzz/fuzz_*.c))
SECONDS ?= 60

soak: packages-build-demo-check
	$(Q)MINUTES=$(MINUTES) COUNT=$(COUNT) SEED=$(SEED) tests/run --build $(BUILD) soak
MINUTES ?= 2
COUNT ?= 10000
SEED ?=

bench: packages-build-demo-bench
	$(Q)$(MAKE) --no-print-directory $(parallel) programs benchers
	$(Q)CC="$(CC)" tests/bench/bench.py --build $(BUILD) --rounds $(ROUNDS) $(if $(ONLY),--only $(ONLY)) $(addprefix --results ,$(RESULTS))
ROUNDS ?= 3
ONLY ?=
RESULTS ?=

demo: packages-build-demo
	$(Q)$(MAKE) --no-print-directory $(parallel) programs
	$(Q)BUILD=$(BUILD) KEEP=$(KEEP) tests/demo/demo.sh

# Sources are laid out in place.
format:
	$(Q)clang-format -i $(wildcard plugin/*/*.[ch] tests/*/*.[ch])

# ---- installation ----

config := $(DESTDIR)/etc/rasdial/rasdial.yaml
man_pages := $(wildcard plugin/*/*.[1-9])

# mode:source:target of each file; what install puts, uninstall removes.
installed = \
	$(foreach file,$(filter %/rasdiald,$(programs)),0755:$(file):$(SBINDIR)/$(notdir $(file))) \
	$(foreach file,$(filter %/rasdial,$(programs)),0755:$(file):$(BINDIR)/$(notdir $(file))) \
	$(foreach file,$(filter %.so,$(programs)),0644:$(file):$(LIBDIR)/rasdial/$(notdir $(file))) \
	$(foreach file,$(helpers),$(if $(filter %/functions,$(file)),0644,0755):$(file):$(LIBEXECDIR)/rasdial/$(notdir $(file))) \
	$(foreach file,$(wildcard mibs/*.txt),0644:$(file):$(MIBDIR)/$(notdir $(file))) \
	$(foreach file,$(wildcard config/*.yaml config/*.conf),0644:$(file):$(DOCDIR)/examples/$(notdir $(file))) \
	$(foreach file,$(man_pages),0644:$(file):$(MANDIR)/man$(subst .,,$(suffix $(file)))/$(notdir $(file))) \
	0644:$(OUT)/rasdiald.service:$(UNITDIR)/rasdiald.service

part = $(word $(2),$(subst :, ,$(1)))

install: $(programs) $(OUT)/rasdiald.service
	$(Q)$(foreach file,$(installed),install -D -m $(call part,$(file),1) $(call part,$(file),2) \
	    "$(DESTDIR)$(call part,$(file),3)" &&) true
	$(Q)[ -e "$(config)" ] || install -D -m 0600 config/rasdial.yaml "$(config)"
	$(Q)printf '%s\n' 'rasdial is installed. Its configuration is $(config); start it with' \
	    '    systemctl daemon-reload && systemctl enable --now rasdiald'

# The configuration stays: it is the user's.
uninstall:
	$(Q)rm -f $(foreach file,$(installed),"$(DESTDIR)$(call part,$(file),3)")
	$(Q)for folder in "$(LIBDIR)/rasdial" "$(LIBEXECDIR)/rasdial" "$(DOCDIR)/examples" "$(DOCDIR)"; do \
	    rmdir "$(DESTDIR)$$folder" 2>/dev/null || true; done

$(OUT)/rasdiald.service: config/rasdiald.service $(OUT)/flags
	$(Q)sed 's|/usr/sbin|$(SBINDIR)|' $< > $@

# ---- the rest ----

help:
	@sed -n 's/^#: \?//p' $(firstword $(MAKEFILE_LIST))

clean:
	$(call say,CLEAN,$(BUILD))rm -rf $(BUILD)

FORCE:
.PHONY: all programs tests peers soakers benchers fuzzers check lint fuzz soak bench demo format install uninstall help clean FORCE
.SECONDARY:
.DELETE_ON_ERROR:

-include $(patsubst %.c,$(OUT)/%.d,$(helper_sources)) $(patsubst %.o,%.d,$(engine) $(main) $(dlmod) $(agent) $(command) $(cli) $(pppd_plugin) $(pic_sys)) $(addsuffix .d,$(tests) $(soakers) $(fuzzers)) $(patsubst %.o,%.d,$(stock) $(OUT)/tests/bench/stock_agent.o) $(patsubst $(OUT)/%.so,$(OUT)/pic/%.d,$(peers))
