# Sourced by install and uninstall: where things go. PREFIX (/usr/local) and DESTDIR (none) may come from the environment;
# with DESTDIR only files are placed, for a package or an image.
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../daemon/scripts/common.sh"
read_flags

prefix=${PREFIX:-/usr/local} destdir=${DESTDIR:-}
# Our programs and the packages they need, as a tree like the source's.
lib=$destdir$prefix/lib/tinydocker
# What is run by the daemon only.
libexec=$destdir$prefix/libexec/tinydocker
share=$destdir$prefix/share/tinydocker
bin=$destdir$prefix/bin
units=$destdir$prefix/lib/systemd/system
sysusers=$destdir$prefix/lib/sysusers.d/tinydocker.conf
# Where the distribution's shells look for completions.
completions=(
  "$destdir$prefix/share/bash-completion/completions/tdctl"
  "$destdir$prefix/share/zsh/site-functions/_tdctl"
  "$destdir$prefix/share/fish/vendor_completions.d/tdctl.fish"
)
tmpfiles=$destdir$prefix/lib/tmpfiles.d/tinydocker.conf

[ -n "$destdir" ] || [ "$(id -u)" = 0 ] || die "this machine is root's: run this as root, or set DESTDIR"
# Whether there is a systemd to tell about it.
booted() { [ -z "$destdir" ] && [ -d /run/systemd/system ]; }
