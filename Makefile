# fimg: everything a contributor types. "make help" lists it.
SHELL     := /bin/bash
GO        ?= go
ARCH      ?= x86_64
CACHE     := $(CURDIR)/.cache
DISTRO    ?= $(CACHE)/minidistro-$(ARCH)
REPO      := $(DISTRO)/repo
ORACLE    ?= $(CACHE)/oracle
OUT       ?= out
FIMG      := bin/fimg
FUZZTIME  ?= 30s
export CGO_ENABLED := 0

.DEFAULT_GOAL := help
.PHONY: help build deps demo demo-repo boot oracle test quick lint bench fuzz golden clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## the fimg program, in bin/
	$(GO) build -trimpath -o $(FIMG) ./cmd/fimg

# What another architecture's demonstration needs: an interpreter for its programs,
# registered with the kernel, and a machine to boot it on.
FOREIGN := $(if $(filter-out $(shell uname -m),$(ARCH)),qemu-user-static binfmt-support grub-common \
  $(if $(filter x86_64,$(ARCH)),qemu-system-x86 ovmf) $(if $(filter aarch64,$(ARCH)),qemu-system-arm qemu-efi-aarch64) \
  $(if $(filter ppc64le,$(ARCH)),qemu-system-ppc) $(if $(filter s390x,$(ARCH)),qemu-system-misc))

# Debian machines get what is missing when we are root; others are told.
deps: ## install the Debian packages that demo and test need
	@tools/deps $(FOREIGN)

# On a machine with apt-get the packages come from a small distribution made of
# Debian's archive; elsewhere from Fedora's mirrors.
demo: deps build ## build an image from nothing and say how to boot it
	@set -e; if command -v apt-get >/dev/null; then \
	  $(MAKE) --no-print-directory demo-repo; \
	  repo="--repo $(REPO) --signing-key $(REPO)/RPM-GPG-KEY-fimg"; \
	else repo=; fi; \
	$(FIMG) build --profile Cloud-Base-Generic --arch $(ARCH) $$repo --target-dir $(OUT) --cache-dir $(CACHE)/fimg; \
	echo; echo "boot it here:        make boot$(if $(filter-out x86_64,$(ARCH)), ARCH=$(ARCH))"; \
	$(if $(filter x86_64,$(ARCH)),echo "or under UEFI:       make boot FIRMWARE=uefi";) \
	echo "log in as root with password fimg"

demo-repo: $(REPO)/repodata/repomd.xml ## the Fedora-shaped repository of the demonstration

$(REPO)/repodata/repomd.xml: | deps
	$(GO) run ./internal/minidistro/cmd/minidistro -dir $(DISTRO) -arch $(ARCH)

FIRMWARE ?=
ACCEL    ?= auto
boot: build ## boot the demonstration image on this terminal
	$(FIMG) boot --arch $(ARCH) --accel $(ACCEL) $(if $(FIRMWARE),--firmware $(FIRMWARE)) $$(ls $(OUT)/*$(ARCH)*.qcow2 | head -n 1)

# A root to chroot into, of another release than the machine's: for the tests only.
oracle: deps ## a root with dnf5 to compare with, where we are root
	@tools/oracle-root $(ORACLE)

test: deps demo-repo oracle ## all tests: units, oracles, builds and boots
	FIMG_TEST_REPO=$(REPO) $(GO) vet ./...
	FIMG_TEST_REPO=$(REPO) FIMG_DNF5=$$(test -d $(ORACLE) && echo $(ORACLE) || echo none) $(GO) test -timeout 55m ./...
	@if test -d $(ORACLE); then FIMG_RPM_ORACLE=$(ORACLE) $(GO) test ./assembler/install/rpmdb ./assembler/install/lua; \
	else echo "WARNING: NOTHING WAS COMPARED WITH dnf5 AND rpm 6: no root for them (make oracle)"; fi

quick: ## the tests that need no repository and no virtual machine
	$(GO) test -short ./...

lint: ## formatting, vet and golangci-lint where it is installed
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	@if command -v golangci-lint >/dev/null; then golangci-lint run; fi

bench: deps demo-repo ## compare with the peer tools of this machine; BENCH="mkfs formats" for some
	@tools/deps kiwi
	FIMG_TEST_REPO=$(REPO) bench/run $(BENCH)

fuzz: ## every fuzz target for FUZZTIME
	@$(GO) list ./... | while read -r p; do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
	    echo "== $$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 3x $$p || exit 1; done; done

golden: ## write the golden files anew
	$(GO) test ./... -run Golden -update

clean: ## remove what the targets made; downloads in .cache stay
	rm -rf bin $(OUT)
