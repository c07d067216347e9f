"""Which line says why a job failed, in the words of the tools that jobs are made of."""

import pytest

from kit.cases import cases
from relay.sdk.reasons import reason

SAID = {
    "restic": (
        """
        Fatal: unable to open config file: stat /srv/repo/config: no such file or directory
        Is there a repository at the following location?
        /srv/repo
        """,
        "Fatal: unable to open config file: stat /srv/repo/config: no such file or directory",
    ),
    "restic, some files": (
        """
        open repository
        error: open /srv/x: permission denied

        Files:           1 new,     0 changed,     0 unmodified
        snapshot 1a2b3c4d saved
        Warning: at least one source file could not be read
        """,
        "error: open /srv/x: permission denied",
    ),
    "restic, locked": (
        """
        repo already locked, waiting up to 0s for the lock
        unable to create lock in backend: repository is already locked by PID 1 on srv1
        lock was created at 2026-11-28 02:30:01 (1h0m0s ago)
        the `unlock` command can be used to remove stale locks
        """,
        "unable to create lock in backend: repository is already locked by PID 1 on srv1",
    ),
    "restic, in JSON": (
        """
        {"message_type":"status","percent_done":0}
        {"message_type":"exit_error","code":10,"message":"Fatal: repository does not exist: unable to open config file"}
        """,
        "Fatal: repository does not exist: unable to open config file",
    ),
    "borgmatic": (
        """
        Pinging Healthchecks start
        Creating archive
        Repository /srv/backup/repo does not exist.
        Error running actions for repository
        Command 'borg create --log-json --info /srv/backup/repo::{now}' returned non-zero exit status 2.
        Skipping Healthchecks log ping due to configured states
        Pinging Healthchecks fail
        """,
        "Repository /srv/backup/repo does not exist.",
    ),
    "borgmatic, whose Borg said nothing": (
        """
        vault: Creating archive
        vault: Error running actions for repository
        Command 'borg create /srv/backup/repo' returned non-zero exit status 2.
        /etc/borgmatic/config.yaml: An error occurred
        Need some help? https://torsion.org/borgmatic/#issues
        """,
        "Command 'borg create /srv/backup/repo' returned non-zero exit status 2.",
    ),
    "borgmatic, in a log": (
        """
        borgmatic: INFO: vault: Creating archive
        borgmatic: ERROR: vault: Archive srv1-2026-11-28 is in the way
        borgmatic: INFO: Pinging Healthchecks fail
        """,
        "borgmatic: ERROR: vault: Archive srv1-2026-11-28 is in the way",
    ),
    "borg": (
        """
        passphrase supplied in BORG_PASSPHRASE, by BORG_PASSCOMMAND or via BORG_PASSPHRASE_FD is incorrect.
        terminating with error status, rc 2
        """,
        "passphrase supplied in BORG_PASSPHRASE, by BORG_PASSCOMMAND or via BORG_PASSPHRASE_FD is incorrect.",
    ),
    "borg, locked": (
        """
        Failed to create/acquire the lock /srv/repo/lock.exclusive (timeout).
        terminating with error status, rc 73
        """,
        "Failed to create/acquire the lock /srv/repo/lock.exclusive (timeout).",
    ),
    "borg, in JSON": (
        '{"type":"log_message","levelname":"ERROR","name":"borg","message":"Repository /srv/repo does not exist."}',
        "ERROR: Repository /srv/repo does not exist.",
    ),
    "rsync": (
        """
        sending incremental file list
        rsync: [sender] link_stat "/srv/x" failed: No such file or directory (2)

        sent 19 bytes  received 12 bytes  62.00 bytes/sec
        rsync error: some files/attrs were not transferred (see previous errors) (code 23)
        """,
        'rsync: [sender] link_stat "/srv/x" failed: No such file or directory (2)',
    ),
    "rsync, by ssh": (
        """
        ssh: connect to host vault port 22: Connection refused
        rsync: connection unexpectedly closed (0 bytes received so far) [sender]
        rsync error: unexplained error (code 255) at io.c(231) [sender=3.2.7]
        """,
        "ssh: connect to host vault port 22: Connection refused",
    ),
    "rsync, stopped": (
        """
        sending incremental file list
        rsync error: received SIGINT, SIGTERM, or SIGHUP (code 20) at rsync.c(713) [sender=3.2.7]
        """,
        "rsync error: received SIGINT, SIGTERM, or SIGHUP (code 20) at rsync.c(713) [sender=3.2.7]",
    ),
    "rclone": (
        """
        2026/11/28 02:30:01 INFO  : Starting
        2026/11/28 02:30:01 ERROR : S3 bucket x: error reading source root directory: directory not found
        2026/11/28 02:30:01 ERROR : Attempt 1/3 failed with 1 errors and: directory not found
        Errors:                 1 (retrying may help)
        2026/11/28 02:30:01 Failed to sync: directory not found
        """,
        "ERROR : S3 bucket x: error reading source root directory: directory not found",
    ),
    "tar": (
        """
        tar: Removing leading `/' from member names
        tar: /srv/x: Cannot open: Permission denied
        tar: Exiting with failure status due to previous errors
        """,
        "tar: /srv/x: Cannot open: Permission denied",
    ),
    "tar, in French": (
        """
        tar: Suppression de « / » au début des noms des membres
        tar: /srv/x : open impossible: Permission non accordée
        tar: Arrêt avec code d'échec à cause des erreurs précédentes
        """,
        "tar: /srv/x : open impossible: Permission non accordée",
    ),
    "gzip": (
        """
        Creating backup of error logs
        gzip: stdout: No space left on device
        """,
        "gzip: stdout: No space left on device",
    ),
    "mysqldump": (
        """
        mysqldump: [Warning] Using a password on the command line interface can be insecure.
        mysqldump: Got error: 1045: "Access denied for user 'x'@'localhost'" when trying to connect
        """,
        """mysqldump: Got error: 1045: "Access denied for user 'x'@'localhost'" when trying to connect""",
    ),
    "mysqldump, later": (
        "mysqldump: Error 2013: Lost connection to MySQL server during query when dumping table `x` at row: 12",
        "mysqldump: Error 2013: Lost connection to MySQL server during query when dumping table `x` at row: 12",
    ),
    "mysql": ("ERROR 1045 (28000): Access denied", "ERROR 1045 (28000): Access denied"),
    "pg_dump": (
        """
        pg_dump: last built-in OID is 16383
        pg_dump: error: connection to server at "localhost" (::1), port 5432 failed: FATAL:  role "x" does not exist
        pg_dump: detail: nothing
        """,
        'pg_dump: error: connection to server at "localhost" (::1), port 5432 failed: FATAL:  role "x" does not exist',
    ),
    "pg_dump, in French": (
        "pg_dump: erreur : la connexion au serveur sur « localhost » (::1), port 5432 a échoué\nfin",
        "pg_dump: erreur : la connexion au serveur sur « localhost » (::1), port 5432 a échoué",
    ),
    "duplicity": (
        """
        Last full backup date: none
        Fatal Error: Unable to start incremental backup.  Old signatures not found and incremental specified
        """,
        "Fatal Error: Unable to start incremental backup.  Old signatures not found and incremental specified",
    ),
    "duplicity, by its exception": (
        """
        Attempt of put number one
        BackendException: ssh connection to u@h:22 failed: [Errno -2] Name or service not known
        """,
        "BackendException: ssh connection to u@h:22 failed: [Errno -2] Name or service not known",
    ),
    "kopia": (
        """
        Snapshotting root@srv1:/etc ...
        ERROR error connecting to repository: repository is not connected. See https://kopia.io/docs/repositories/
        """,
        "ERROR error connecting to repository: repository is not connected. See https://kopia.io/docs/repositories/",
    ),
    "a shell's trace": (
        """
        + set -e
        + echo 'cannot fail'
        + pg_dump mydb
        backup.sh: line 12: pg_dump: command not found
        + echo error
        """,
        "backup.sh: line 12: pg_dump: command not found",
    ),
    "a shell in French": (
        """
        Démarrage de la sauvegarde, 0 erreur
        backup.sh: ligne 3: restic : commande introuvable
        Fin
        """,
        "backup.sh: ligne 3: restic : commande introuvable",
    ),
    "a script in French": ("Démarrage\nErreur : le disque est plein\nFin", "Erreur : le disque est plein"),
    "a log": (
        """
        2026-11-28 02:30:01,120 INFO starting after an error
        2026-11-28 02:30:02,007 ERROR the vault has gone
        2026-11-28 02:30:03,000 INFO done
        """,
        "ERROR the vault has gone",
    ),
    "a log of the system": (
        """
        Nov 28 02:30:01 srv1 backup[123]: CRITICAL the disk is full
        Nov 28 02:30:01 srv1 backup[123]: bye
        """,
        "CRITICAL the disk is full",
    ),
    "a log with brackets": (
        """
        [2026-11-28T02:30:01Z] [INFO] hello
        [2026-11-28T02:30:01Z] [ERROR] the upload went wrong
        [2026-11-28T02:30:02Z] [INFO] cleaning up
        """,
        "[ERROR] the upload went wrong",
    ),
    "a log in French": (
        "28/11/2026 02:30:01 ERREUR le coffre a disparu\n28/11/2026 02:30:02 Fin",
        "ERREUR le coffre a disparu",
    ),
    "addresses": (
        "Fatal: unable to open repository at rest:https://relay:made-up-password@backup.example/srv1",
        "Fatal: unable to open repository at rest:https://backup.example/srv1",
    ),
    "colours": ("\x1b[31mERROR\x1b[0m no vault\nbye", "ERROR no vault"),
    "Go": ("panic: index out of range\n\ngoroutine 1 [running]:\nexit status 2", "panic: index out of range"),
    "what says nothing of a failure": ("Connecting ...\nThe vault is asleep.\n---\n", "The vault is asleep."),
    "its monitoring alone": ("Pinging Healthchecks fail\n", None),
    "nothing": (" \n\n", None),
}  # fmt: skip


@cases("tool", SAID)
def test_the_line_that_matters_is_the_reason(tool: str) -> None:
    printed, expected = SAID[tool]

    assert reason("\n".join(line.removeprefix("        ") for line in printed.splitlines())) == expected


FRAMES = 'Traceback (most recent call last):\n  File "backup.py", line 3, in <module>\n    main()\n    ~~~~^^\n'


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (f"Starting\n{FRAMES}ValueError: the vault is gone\nbye", "ValueError: the vault is gone"),
        (
            f"2026-11-28 02:30:01,123 - backup - ERROR - Backup failed\n{FRAMES}OSError: [Errno 28] No space left",
            "OSError: [Errno 28] No space left",
        ),
        (
            f"{FRAMES}KeyError: 1\n\nDuring handling of the above exception, another one occurred:\n\n{FRAMES}"
            "vault.Gone: it has moved",
            "vault.Gone: it has moved",
        ),
        (
            f"Fatal: wrong password or no key found\n{FRAMES}"
            "subprocess.CalledProcessError: Command '['restic']' returned non-zero exit status 1.",
            "Fatal: wrong password or no key found",
        ),
        (
            f"{FRAMES}subprocess.CalledProcessError: Command '['restic']' returned non-zero exit status 1.",
            "subprocess.CalledProcessError: Command '['restic']' returned non-zero exit status 1.",
        ),
    ],
)  # fmt: skip
def test_of_a_traceback_the_last_line_is_the_reason(printed: str, expected: str) -> None:
    assert reason(printed) == expected
