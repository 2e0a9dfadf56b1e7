#!/bin/sh
# What mpirun calls in place of ssh: agent.sh HOST COMMAND... runs the command on that 'host'.
# Host a is the caller's network namespace, host b that of process $HOST_B_PID. As two machines would, each has a name,
# a folder for temporary files below $HOSTS_FOLDER and processors of its own, $HOST_A_CORES and $HOST_B_CORES: two of
# Open MPI's daemons that share a name share a session folder, and then some launches hang.
host=$1
shift
case $host in
  hosta) network=/proc/self/ns/net cores=$HOST_A_CORES ;;
  hostb) network=/proc/$HOST_B_PID/ns/net cores=$HOST_B_CORES ;;
  *) echo "agent.sh: unknown host $host" >&2 && exit 1 ;;
esac
export TMPDIR="$HOSTS_FOLDER/$host"
mkdir -p "$TMPDIR"
exec nsenter --net="$network" unshare --uts taskset -c "$cores" \
  sh -c "hostname $host && $*"
