# Whether a start has anything to provision, so that a dial tone waits for no Python that would find nothing.
# `unchanged.sh ROOT` = 0: all that provisioning reads is as after its last run without a fault, which has
# `unchanged.sh ROOT note` note it. POSIX sh.
root=${1%/}
boot=$root/boot/firmware system=$root/data/system
noted=$system/provision.seen

# What is on a stick can't be known without a look.
stick() {
    for disk in "$root"/sys/block/sd*; do
        case "$(readlink -f "$disk")" in */usb*) return 0 ;; esac
    done
    return 1
}

# An installer's files, this board, this release, the record, plans that were fetched or came on a stick, and whether a
# phone is set up. The board's starters and what updates write are none of it.
fingerprint() {
    {
        cat "$root/proc/device-tree/serial-number" "$root/usr/share/kallphone/release.json"
        cat "$system/provision.json" "$system"/provision/*.kall
        ls "$root/data/phone/kallphone.toml"
        cd "$boot" && find . -path ./slots -prune -o -type f ! -name '*.elf' ! -name '*.dat' ! -name '*.bin' \
            ! -name config.txt ! -name trial.txt -exec sha256sum {} +
    } 2>/dev/null | sha256sum
}

case "${2:-}" in
    note) [ ! -d "$system" ] || fingerprint >"$noted" ;;
    *) ! stick && [ -s "$noted" ] && [ "$(fingerprint)" = "$(cat "$noted")" ] ;;
esac
