# A system on trial: the rule, for the initramfs, which reads this with `.`; POSIX sh, busybox is enough.
# BOOT is the mounted FAT, SLOT the system that is starting (a or b), CONFIGS a folder with config.a and config.b.
# config.txt and trial.txt are one sector each: a power cut while one is overwritten leaves the old or the new.

other_of() { if [ "$1" = a ]; then echo b; else echo a; fi; }

padded() { printf '%-511s\n' "$1"; }

# overwrite FILE: the first sector of FILE, in its place, from standard input.
overwrite() { dd of="$1" bs=512 count=1 conv=notrunc,fsync 2>/dev/null; }

# on_trial BOOT SLOT: whether there is anything to judge, and so to write.
on_trial() {
    case "$(head -c 512 "$1/trial.txt" 2>/dev/null)" in "slot=$2 tries="[01]" "*) return 0 ;; esac
    return 1
}

# judge_trial BOOT SLOT CONFIGS: 0 = go on, 1 = start again, as the other system. The first start is counted;
# at the second the system has not proved itself.
judge_trial() {
    case "$(head -c 512 "$1/trial.txt" 2>/dev/null)" in
        "slot=$2 tries=1 "*) padded "slot=$2 tries=0 back=$(other_of "$2")" | overwrite "$1/trial.txt" ;;
        "slot=$2 tries=0 "*)
            leave_system "$1" "$2" "$3"
            return 1
            ;;
    esac
    return 0
}

# leave_system BOOT SLOT CONFIGS: the other system starts from now on. In this order: cut between the two, the
# other one starts with a trial that is not its own.
leave_system() {
    overwrite "$1/config.txt" <"$3/config.$(other_of "$2")"
    padded none | overwrite "$1/trial.txt"
}
