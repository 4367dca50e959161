#ifndef FLAT_VECTORS_FILE_NAME_H
#define FLAT_VECTORS_FILE_NAME_H

#include <keyway/plugin.h>

#define FILE_NAME_SUFFIX ".vectors"
#define FILE_NAME_SIZE 256u
#define FILE_PATH_SIZE 4608u /* a folder's path and a name */

/* File name of a repository: bytes other than A-Z a-z 0-9 _ - and inner dots become %XX, so that no name leaves the
 * folder or hides in it. Long names are cut and carry a hash behind '~', which no plain name contains; the file's
 * header holds the full name and decides. */
void file_name_of(kw_str repository, char name[FILE_NAME_SIZE]);

#endif
