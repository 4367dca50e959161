/* Nothing to declare: the notes are data of the file, read from outside. */
#ifndef BENCH_SWIFT_PLUGIN_NOTES_H
#define BENCH_SWIFT_PLUGIN_NOTES_H
#endif
