/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole files and folders, relative to a folder descriptor (AT_FDCWD where there is none). */
#ifndef RASDIAL_SYS_FILE_H
#define RASDIAL_SYS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Makes path with all its parents, mode for the last one (0755 for the parents), and opens it O_PATH-free, that is fit
 * for fsync and *at calls. An existing folder keeps its mode. Returns a descriptor (FD_HIGH or above) or negative
 * errno. */
int dir_open(const char *path, mode_t mode);

/* Takes the lock of the folder (F_OFD_SETLK on the file "lock" inside it, kept open; where the file system is
 * read-only, a lock for reading and flock). Returns a descriptor to keep, -EBUSY if somebody has it already (also in
 * this process), or negative errno. The lock ends with the descriptor. */
int dir_lock(int dirfd);

/* Reads a whole file of at most max bytes into new memory, with a NUL behind it that is not counted. Returns 0,
 * -EFBIG if it is longer, or negative errno. The caller frees *ret_data. */
int file_read(int dirfd, const char *path, size_t max, char **ret_data, size_t *ret_size);

/* Whether an error (negative errno) says only that the process or the system is short of something: nothing is known of
 * the file then, and it may be good. */
bool file_shortage(int error);

/* Puts a file in place whole: temporary name in the same folder (with a dot in front), mode 0600, write, rename. With
 * durable also fsync of the file and of the folder, so that a power cut leaves the old or the new one. Returns 0 or
 * negative errno; on an error the old file is untouched and no temporary one is left. */
int file_replace(int dirfd, const char *path, const void *data, size_t size, bool durable);

/* Removes what file_replace() of a process that was killed has left behind. Call while nobody else writes there. */
void dir_remove_temporary(int dirfd);

/* The same for one file, of a name without folder, and one thread: for a process the number of its first. */
void file_remove_temporary(int dirfd, const char *name, pid_t thread);

/* Renames path to the first free of path.WHY-1, -2, ... so that nothing is overwritten; why is a word such as
 * "damaged". Writes the new name to ret_name (cut to size). Returns 0 or negative errno. */
int file_set_aside(int dirfd, const char *path, const char *why, char *ret_name, size_t size);

/* Why a program or folder must not be relied on: somebody other than root and our own user can change it. In words,
 * with the way out; NULL: it may be. Any thread. */
struct stat;
const char *file_not_trusted(const struct stat *st);

#endif
