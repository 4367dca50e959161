/* Nothing to declare: the notes are data of the file, read from outside. */
#ifndef EXTRACTIVE_PROVIDER_PLUGIN_NOTES_H
#define EXTRACTIVE_PROVIDER_PLUGIN_NOTES_H
#endif
