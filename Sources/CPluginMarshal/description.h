/* What writes and what reads descriptions share. */
#ifndef DESCRIPTION_H
#define DESCRIPTION_H

#include "engine.h"

/* 1, and tables can be made of it; 0, and *mistake says why not. */
int kwm_check_description(const kwm_description *description, kwm_mistake *mistake);

/* Element i of a decoded span, whose elements have this build's size. */
static inline const void *element_at(kw_span span, uint32_t index)
{
    return (const unsigned char *)span.ptr + (uint64_t)index * span.stride;
}

#endif
