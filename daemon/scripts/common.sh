# Sourced by the scripts: goes to the project's own directory and knows where a daemon keeps what.
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."

say() { echo "tinydocker: $*"; }
die() {
  echo "tinydocker: $*" >&2
  exit 1
}

# Sets what follows from the flags of tinydockerd, with the daemon's own defaults:
#   socket data_root exec_root pidfile instance
read_flags() {
  socket=/run/tinydocker.sock data_root=/var/lib/tinydocker exec_root=/run/tinydocker pidfile=''
  local flag value
  while [ $# -gt 0 ]; do
    flag=${1%%=*} value=${2:-}
    case $1 in *=*) value=${1#*=} ;; esac
    case $flag in
      -H | --host) socket=${value#unix://} ;;
      --data-root) data_root=$(realpath -ms "$value") ;;
      --exec-root) exec_root=$(realpath -ms "$value") ;;
      -p | --pidfile) pidfile=$value ;;
    esac
    shift
  done
  : "${pidfile:=$exec_root.pid}"
  # The name of what the daemon makes in the kernel.
  instance=tinydocker
  [ "$data_root" = /var/lib/tinydocker ] || instance+=-$(printf %s "$data_root" | sha256sum | cut -c1-8)
}

# Whether a process runs. One that has ended and that nobody has waited for has no program any more.
runs() { readlink -q "/proc/$1/exe" >/dev/null; }

# Prints the daemon's process id, or fails where it does not run: its process may be gone and the number another's.
daemon_pid() {
  local pid
  pid=$(cat "$pidfile" 2>/dev/null) && runs "$pid" && [ "$(cat "/proc/$pid/comm")" = tinydockerd ] && echo "$pid"
}

# Prints the directories of the containers' cgroups, one a container and hierarchy.
container_cgroups() { find /sys/fs/cgroup -mindepth 2 -maxdepth 3 -type d -path "*/$instance/*" 2>/dev/null || true; }

# Stops the running containers of the daemon on $socket.
stop_containers() { # TDCTL
  local running
  mapfile -t running < <("$1" -H "unix://$socket" ps -q)
  [ ${#running[@]} -gt 0 ] || return 0
  say "stopping ${#running[@]} container(s)"
  "$1" -H "unix://$socket" stop -t 5 "${running[@]}" >/dev/null
}

# Removes what a daemon leaves for the next one: the parents of the containers' cgroups, what ends with the machine.
remove_remains() {
  find /sys/fs/cgroup -mindepth 1 -maxdepth 2 -type d -name "$instance" -exec rmdir {} + 2>/dev/null || true
  ! mountpoint -q "$exec_root/containers" || umount "$exec_root/containers"
  rm -rf "$exec_root"
  rm -f "$pidfile" "$socket"
}
