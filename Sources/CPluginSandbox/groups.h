/* What the files about control groups share. */
#ifndef GROUPS_H
#define GROUPS_H

#include "sandbox.h"

/* By number: of memory, of processes. */
extern const char *const kws_controllers[KWS_CONTROLLERS];

/* A group in which this process can make others that have a controller. */
typedef struct kws_place {
    uint32_t version; /* of the hierarchy */
    char folder[KWS_GROUP_PATH];
} kws_place;

/* Looks for one. own and mounts: /proc/self/cgroup and /proc/self/mountinfo, but in tests. 0 or an errno. */
int kws_find_place(const char *own, const char *mounts, const char *controller, kws_place *place);
/* Of version 2: has the groups in this one have the controller. 0 or an errno. */
int kws_enable_controller(const char *folder, const char *controller);

/* Writes a file of a group. 0 or an errno. */
int kws_write_text(const char *folder, const char *name, const char *text);
/* Of a file of words, each with a number: that of the word, 0 = it has none. word NULL: the file is one number. */
uint64_t kws_read_count(const char *folder, const char *name, const char *word);

/* Kills what is in a group, and has nothing more come into it. */
void kws_kill_group(const char *folder);
/* The same, and removes it with the groups in it. It waits for what is on its way out, for a second at most. 0 or an errno. */
int kws_remove_group(const char *folder);

#endif
