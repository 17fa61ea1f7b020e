#!/bin/sh
# By hand, as root: does the sandbox work in a fresh Debian that was entered with pivot_root, as an installer, a container
# or a rescue system does it? Takes a folder (made with debootstrap where it is empty) and the build folder.
#
#     tests/tools/sandbox_debootstrap.sh /var/tmp/debian build
set -eu
root=$1 tools=$(readlink -f "$2")/tests/tools
[ -x "$root/bin/sh" ] || debootstrap --variant=minbase bookworm "$root"
cp "$tools/sandbox_tool" "$tools/sandbox_attack" "$root/usr/local/bin/"
exec unshare --mount --pid --fork sh -euc '
mount --bind "$0" "$0"; cd "$0"
mount -t proc proc proc; mount --rbind /dev dev; mkdir -p old
pivot_root . old; cd /; umount -l old
sandbox_tool --probe | cut -f 1,2
sandbox_tool -- sh -c "id; ls /; cat /etc/debian_version; touch /usr/bin/x; ls -l /usr/bin/x"
setpriv --reuid=65534 --regid=65534 --clear-groups sandbox_tool --ro /usr/local/bin/sandbox_attack:/attack -- \
	/attack loopback4 loopback6 mount unshare=user write=/usr/bin/x
' "$root"
