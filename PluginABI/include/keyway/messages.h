/* keyway/messages.h - "keyway.messages/1": messages from other plugins and from the host. */
#ifndef KEYWAY_MESSAGES_H
#define KEYWAY_MESSAGES_H

#include "core.h"

#if defined(__cplusplus)
extern "C" {
#endif

#define KW_MESSAGES_ID "keyway.messages/1"

#define KW_MESSAGE_WANTS_REPLY 1u

/* The host writes sender and time; no plugin can forge them. */
typedef struct kw_message_in_1 {
    kw_hdr h;
    kw_str id;           /* of this message */
    kw_str sender;       /* id of the plugin that sent it, or empty: the host */
    kw_str topic;        /* for what was published, else empty */
    kw_str type;         /* what the payload means, chosen by the sender: "order.placed" */
    kw_str payload_type; /* media type; empty = application/json */
    kw_bytes payload;
    int64_t sent_unix_ns;
    uint64_t flags;      /* KW_MESSAGE_* */
} kw_message_in;

typedef struct kw_message_out_1 {
    kw_hdr h;
    kw_str type, payload_type;
    kw_bytes payload;    /* of the reply; empty unless KW_MESSAGE_WANTS_REPLY */
} kw_message_out;

/* Sending is keyway.host.messages/1. */
typedef struct kw_messages_1 {
    kw_hdr h;
    /* Takes one message. KW_UNIMPLEMENTED: this type is not understood. [op] */
    KW_OP(on_message, kw_message_in, kw_message_out);
} kw_messages;

#if defined(__cplusplus)
}
#endif
#endif
