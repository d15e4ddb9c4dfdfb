# Each target installs what it lacks: Python packages into .venv and .cache, the rest from Debian.
# Whatever is made lies in .venv, .cache, .lab, artifacts and dist, or is a Docker object labelled as ours.

SHELL := /bin/sh
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help

export PATH := $(CURDIR)/.venv/bin:$(PATH):/usr/sbin:/sbin
# Python keeps what it has compiled, whatever the environment says, and not in the working tree: images are made of that.
export PYTHONDONTWRITEBYTECODE :=
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/python
export MOLECULE_GLOB := molecule/*/molecule.yml
export MOLECULE_COMMAND_BORDERS := false

SCRIPTS = $(shell git grep -lE '^\#!/bin/sh' -- tests .ci)
LAB = .lab/$(or $(GALILEAN_LAB),galilean)
ACCESS = $(if $(GALILEAN_LAB),$(LAB),.lab)/access.json
TIMED = tests/tools/timed
MOLECULE = rm -rf .lab/molecule && MOLECULE_EPHEMERAL_DIRECTORY=$(CURDIR)/.lab/molecule molecule

# The scenarios of molecule in the order in which site.yml runs their roles.
SCENARIOS := openstack base users pinned_keys docker swarm_tls nfs_server nfs_client keeper homes swarm removed_nodes registry images jupyterhub proxy certbot backup validate verify

.PHONY: help
help: ## Show the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | awk -F'|' '{printf "  make %-14s %s\n", $$1, $$2}'

.PHONY: bootstrap
bootstrap:
	@tests/tools/bootstrap .venv requirements/dev.txt
	@mkdir -p .lab/collections/ansible_collections/galilean .lab/log artifacts
	@ln -sfn ../../../.. .lab/collections/ansible_collections/galilean/hub

.PHONY: bootstrap-release
bootstrap-release: bootstrap
	@tests/tools/bootstrap .cache/release requirements/release.txt
	@tests/tools/dependencies

.PHONY: requirements
requirements: bootstrap ## Pin requirements/*.txt anew from requirements/*.in
	@for name in uv dev release openstackclient; do \
	  .cache/uv/bin/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	    --index-strategy unsafe-best-match requirements/$$name.in --output-file requirements/$$name.txt || exit; \
	done

## The lab

.PHONY: engine
engine: bootstrap
	@$(TIMED) $(LAB)/times "Docker engine" tests/lab/engine .lab/log
	@$(TIMED) $(LAB)/times "Debian" tests/lab/debian .lab/log bookworm trixie

.PHONY: machine
machine: engine
	@tests/tools/debian openssh-client
	@$(TIMED) $(LAB)/times "images of the hosts" tests/lab/images .lab/log bookworm trixie

.PHONY: hosts
hosts: machine
	@$(TIMED) $(LAB)/times "hosts" ansible-playbook tests/lab/create.yml

.PHONY: hub
hub: ## Raise a hub and two nodes on this machine, for a browser on https://localhost:8443
	@rm -f $(LAB)/times
	@$(TIMED) $(LAB)/times "Python packages" $(MAKE) bootstrap
	@$(MAKE) hosts
	@$(TIMED) $(LAB)/times "site.yml" ansible-playbook playbooks/site.yml
	@ansible-playbook tests/lab/access.yml
	@tests/tools/access $(LAB)/times $(ACCESS)

.PHONY: down
down: bootstrap ## Remove the lab: hosts, volumes, network, secrets
	@tests/tools/down $(or $(GALILEAN_LAB),galilean)

# Images are listed from the newest on, so that those made of others go before them.
.PHONY: clean
clean: ## Remove everything this checkout has made, images and caches too
	@[ ! -x .venv/bin/python ] || tests/tools/down backup certificates faults galilean machines rebuilt registry single test molecule
	@! docker version >/dev/null 2>&1 || docker rm --force --volumes galilean-openstack >/dev/null
	@! docker version >/dev/null 2>&1 || docker ps --all --quiet --filter label=galilean.server | xargs -r docker rm --force --volumes >/dev/null
	@! docker version >/dev/null 2>&1 || docker network ls --quiet --filter label=galilean.server | xargs -r docker network rm >/dev/null
	@! docker version >/dev/null 2>&1 || docker image ls --quiet --filter label=galilean.content | awk '!seen[$$0]++' | xargs -r docker image rm --force
	@! docker version >/dev/null 2>&1 || docker volume rm --force galilean-packages >/dev/null
	@rm -rf .venv .cache .lab artifacts dist

# Machines with kernels of their own, in the place of the lab's containers.
ON_MACHINES := machines machines-images machines-hub machines-homes machines-down acceptance bench-homes
# The lab that make test raises is one of containers.
$(ON_MACHINES): export GALILEAN_LAB := $(or $(filter-out test,$(GALILEAN_LAB)),machines)
$(ON_MACHINES): export GALILEAN_HTTPS_PORT := $(or $(GALILEAN_HTTPS_PORT),9445)
$(ON_MACHINES): export ANSIBLE_INVENTORY := inventories/machines

.PHONY: machines-images
machines-images: engine
	@$(TIMED) $(LAB)/times "images of the machines" tests/machines/images .lab/log bookworm trixie

.PHONY: machines
machines: machines-images ## Start a hub and two nodes as machines with kernels of their own
	@$(TIMED) $(LAB)/times "machines" ansible-playbook tests/machines/create.yml

# What two processors build is given to machines that have one each.
.PHONY: registry
registry: engine
	@$(TIMED) $(LAB)/times "image of the host" tests/lab/images .lab/log trixie
	@$(TIMED) $(LAB)/times "registry" python tests/machines/registry.py make

.PHONY: machines-hub
machines-hub: ## Raise a hub on machines, or go on with it
	@$(MAKE) --jobs 2 --output-sync=line registry machines-images
	@$(MAKE) machines
	@$(TIMED) $(LAB)/times "registry of the machines" python tests/machines/registry.py give
	@$(TIMED) $(LAB)/times "site.yml" ansible-playbook playbooks/site.yml
	@ansible-playbook tests/lab/access.yml

.PHONY: machines-down
machines-down: bootstrap ## Remove the machines: disks, network, secrets
	@tests/tools/down $(GALILEAN_LAB)

## The checks

.PHONY: check
check: bootstrap ## The quick checks: style, types, unit tests without Ansible
	@tests/tools/debian iproute2 nftables sudo systemd xfsprogs
	@ruff check .
	@mypy
	@mypy roles/*/meta/validation.py
	@yamllint --strict .
	@shellcheck --severity warning $(SCRIPTS)
	@pytest -q -n 2 --junit-xml artifacts/unit.xml tests/unit $(ACTIONS:%=--ignore %)

ACTIONS := tests/unit/plugins/action tests/unit/roles/backup/test_restore.py tests/unit/roles/backup/test_restore_paths.py
.PHONY: actions
actions: bootstrap ## The unit tests that run Ansible, most of them of actions
	@pytest -q -n 2 --junit-xml artifacts/actions.xml $(ACTIONS)

.PHONY: inputs
inputs: bootstrap ## Thirty wrong inventories, GALILEAN_INPUTS=N for the Nth thirty
	@pytest -q -n 2 --junit-xml artifacts/inputs.xml --durations 3 tests/inputs

.PHONY: inputs-all
inputs-all: bootstrap ## All wrong inventories, which takes a quarter of an hour
	@GALILEAN_INPUTS=all pytest -q -n 2 --junit-xml artifacts/inputs.xml --durations 3 tests/inputs

.PHONY: lint
lint: bootstrap-release ## Lint roles, playbooks, documentation, changelog
	@ansible-lint
	@antsibull-changelog lint
	@tests/tools/docs

.PHONY: sanity
sanity: bootstrap ## ansible-test sanity
	@tests/tools/sanity

.PHONY: importer
importer: bootstrap-release ## Build the tarball and import it as Ansible Galaxy would
	@tests/tools/importer

.PHONY: molecule
molecule: export GALILEAN_LAB := molecule
molecule: export GALILEAN_HTTPS_PORT := 9444
molecule: machine ## A scenario for each role, on hosts of their own
	@tests/tools/down molecule
	@$(MOLECULE) test --destroy always $(SCENARIOS:%=--scenario-name %)

.PHONY: $(SCENARIOS:%=molecule-%)
$(SCENARIOS:%=molecule-%): molecule-%:
	@$(MAKE) molecule SCENARIOS=$*

.PHONY: roles
roles: export GALILEAN_LAB := $(or $(GALILEAN_LAB),galilean)
roles: bootstrap ## The tests of each role, in the lab that is up
	@$(MOLECULE) verify $(SCENARIOS:%=--scenario-name %)

.PHONY: $(SCENARIOS:%=roles-%)
$(SCENARIOS:%=roles-%): roles-%:
	@$(MAKE) roles SCENARIOS=$*

.PHONY: spawner
spawner: bootstrap ## The spawner's tests on a real Swarm, in the lab that is up
	@tests/integration/spawner/run $(or $(GALILEAN_LAB),galilean)-jupiter

.PHONY: upstream
upstream: machine ## Docker's own packages, on one more host of the lab that is up
	@pytest --junit-xml artifacts/upstream.xml --durations 5 tests/integration/upstream

.PHONY: store
store: machine
	@tests/tools/debian gnupg openssh-client
	@tests/tools/image .lab/log galilean-store tests/support/store galilean-host:trixie

.PHONY: single
single: store ## The example for one machine, with the images of the lab that is up; it is lost, and rebuilt
	@pytest --junit-xml artifacts/single.xml --durations 5 tests/integration/single

.PHONY: rebuild
rebuild: store ## Three hosts with the images of the lab that is up, which are lost and rebuilt
	@pytest --junit-xml artifacts/rebuild.xml --durations 5 tests/integration/rebuild

.PHONY: quotas
quotas: engine ## The keeper's quotas on ext4 and XFS, with a kernel that has them
	@tests/tools/debian xfsprogs
	@tests/machines/images .lab/log
	@for file_system in ext4 xfs; do tests/integration/quotas/run $$file_system || exit; done

.PHONY: hub-and-proxy
hub-and-proxy: bootstrap
	@tests/tools/bootstrap .cache/hub roles/jupyterhub/files/hub/requirements.txt roles/jupyterhub/files/proxy/requirements.txt
	@tests/tools/npm .cache/proxy roles/jupyterhub/files/proxy

.PHONY: logins
logins: hub-and-proxy ## Log in with each authenticator, at hubs without a cluster
	@tests/tools/npm .cache/logins tests/integration/logins
	@pytest --junit-xml artifacts/logins.xml --durations 10 tests/integration/logins

.PHONY: edge
edge: hub-and-proxy ## What people meet when something fails behind nginx, without a cluster
	@tests/tools/debian chromium nginx openssl
	@pytest --junit-xml artifacts/edge.xml --durations 5 tests/integration/edge

.PHONY: certificates
certificates: machine ## Certificates from an ACME server, with real DNS, on a host that serves no hub
	@tests/tools/image .lab/log galilean-internet tests/integration/certificates/internet galilean-host:trixie
	@pytest --junit-xml artifacts/certificates.xml --durations 5 tests/integration/certificates

.PHONY: backup
backup: store ## Backups to a real SFTP server and a real Swift, and what comes back
	@pytest --junit-xml artifacts/backup.xml --durations 5 tests/integration/backup

.PHONY: openstack
openstack: engine ## Servers in a cloud: Keystone, Nova, Neutron, Glance and Cinder in a container, with a fake hypervisor
	@$(TIMED) $(LAB)/times "cloud" tests/openstack/start .lab/log
	@pytest --junit-xml artifacts/openstack.xml --durations 5 tests/integration/openstack

.PHONY: cloud
cloud: engine ## A cluster in that cloud, each of whose servers is a container, with the images of the lab that is up
	@$(TIMED) $(LAB)/times "cloud" tests/openstack/start .lab/log
	@tests/lab/images .lab/log trixie
	@tests/tools/debian chromium
	@tests/tools/image .lab/log galilean-server tests/openstack/host galilean-host:trixie
	@pytest --junit-xml artifacts/cloud.xml --durations 5 tests/integration/cloud

.PHONY: browser
browser: bootstrap ## A student with a browser, in the lab that is up
	@tests/tools/debian chromium
	@pytest --junit-xml artifacts/browser.xml tests/cluster/test_browser.py

.PHONY: cluster
cluster: bootstrap ## The tests against the lab that is up, the browser among them
	@tests/tools/debian chromium
	@pytest --junit-xml artifacts/cluster.xml --durations 10 tests/cluster --ignore tests/cluster/machines

.PHONY: acceptance
acceptance: bootstrap ## From bare machines to a student at work, with reboots, power cuts and a cut network
acceptance: TESTS := 'tests/cluster/test_rerun.py::test_a_second_run_changes_nothing_while_a_kernel_works[run]' \
  tests/cluster/test_browser.py::test_a_student_works_logs_out_and_finds_the_file_on_another_node \
  tests/cluster/machines --ignore tests/cluster/machines/homes

.PHONY: machines-homes
machines-homes: bootstrap ## A class at work over NFS, volumes, mounts that hang, quotas, a storage host, on bare machines
machines-homes: TESTS := tests/cluster/machines/homes

acceptance machines-homes:
	@rm -f artifacts/$@.xml
	@tests/tools/debian chromium
	@tests/tools/down $(GALILEAN_LAB)
	@$(MAKE) machines-hub
	@GALILEAN_TIMES=$(LAB)/times pytest --junit-xml artifacts/$@.xml --durations 0 $(TESTS)
	@tests/tools/down $(GALILEAN_LAB)

.PHONY: bench
bench: machine ## Measure, and print what docs/benchmarks.md keeps
	@python tests/bench/run.py

.PHONY: bench-certificates
bench-certificates: export PYTHONPATH := tests/support:tests/integration/certificates
bench-certificates: machine ## Measure how long a bare host takes to its certificate, beside certbot by hand
	@tests/tools/image .lab/log galilean-internet tests/integration/certificates/internet galilean-host:trixie
	@python tests/bench/certificates.py

.PHONY: bench-rebuild
bench-rebuild: export PYTHONPATH := tests/support:tests/integration/logins
bench-rebuild: store ## Measure saves beside a backup, and a rebuild, with the images of the lab that is up; BENCH=... for options
	@python tests/bench/rebuild.py $(BENCH)

.PHONY: bench-backup
bench-backup: export PYTHONPATH := tests/support:tests/integration/backup
bench-backup: store ## Measure backups of a class and what comes back, beside tar and gpg by hand; BENCH=... for options
	@python tests/bench/backup.py $(BENCH)

.PHONY: bench-openstack
bench-openstack: export PYTHONPATH := tests/support:tests/integration/openstack
bench-openstack: engine ## Measure how long a cloud takes to servers, to none, and to what there is, beside the cloud's own command line
	@tests/openstack/start .lab/log
	@tests/tools/bootstrap .cache/openstackclient requirements/openstackclient.txt
	@python tests/bench/clouds.py $(BENCH)

.PHONY: bench-homes
bench-homes: export PYTHONPATH := tests/support
bench-homes: bootstrap ## Measure homes over NFS, on the machines that are up
	@python tests/bench/nfs.py

.PHONY: faults
faults: machine ## Kill site.yml at every point, and compare what the next run makes of it; FAULTS=... for options
	@python tests/faults/run.py $(FAULTS)

# With the images of the lab that is up, as the two that follow: some points of a run, and two of them.
.PHONY: faults-sample faults-two
faults-two: POINTS := 2
faults-sample: POINTS := 4
faults-sample faults-two: machine
	@python tests/faults/run.py --mode controller --mode power --modes-in-turn --sample $(POINTS) --in-a-row $(POINTS) \
	  --registry $(or $(GALILEAN_LAB),galilean)-jupiter

.PHONY: bare
bare: bootstrap
	@ansible-playbook playbooks/site.yml --check --diff

## All of them

# The phases of each share a lab, whose name they hand on.
test test-all test-down: export ANSIBLE_INVENTORY := $(CURDIR)/inventories/lab
test test-all test-down: export GALILEAN_LAB := test
test test-all test-down: export GALILEAN_HTTPS_PORT := 9443

.PHONY: test
test: export PYTEST_ADDOPTS := -m 'not seldom'
test: ## What a reviewer has to see, on a lab of its own; with KEEP_GOING=1 beyond a phase that fails
	@rm -rf artifacts && mkdir artifacts
	@python3 tests/tools/phases.py $(if $(KEEP_GOING),--keep-going) \
	  bootstrap-release then \
	  machine then \
	  test-down then \
	  "hosts bare hub" "check lint sanity" then \
	  "roles spawner cluster openstack" "nice single faults-two edge certificates backup actions inputs" then \
	  test-down

# Phases that have passed on the same tree are not run again, unless AGAIN is set.
.PHONY: test-all
test-all: ## What make test runs, and all that seldom changes: for hours, and where it was left
	@mkdir -p artifacts
	@$(if $(AGAIN),rm -rf .cache/passed)
	@python3 tests/tools/phases.py --keep-going --resume --raise hub \
	  bootstrap-release then \
	  machine then \
	  "hosts bare hub" "check lint sanity importer" then \
	  "roles spawner cluster upstream" "nice single rebuild faults-sample edge certificates backup logins actions inputs-all" then \
	  "openstack cloud" then \
	  test-down then \
	  molecule then acceptance then machines-homes then quotas

.PHONY: test-down
test-down: bootstrap
	@tests/tools/down test molecule faults rebuilt registry single certificates backup
	@! docker version >/dev/null 2>&1 || docker rm --force --volumes galilean-openstack >/dev/null

.PHONY: test-clean
test-clean: ## make test as continuous integration runs it: in a fresh clone; with KEEP_CACHES=1 on images that are there
	@tests/tools/clean
