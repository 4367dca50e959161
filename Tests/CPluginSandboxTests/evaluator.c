#include "evaluator.h"

#include <linux/filter.h>
#include <string.h>

/* What the kernel's seccomp_check_filter lets through, and no more. */
uint32_t evaluate(const kws_program *program, const struct seccomp_data *data)
{
    uint32_t a = 0, x = 0, memory[16] = { 0 };
    for (size_t at = 0; at < program->count; at++) {
        const kws_instruction *now = &program->instructions[at];
        uint32_t k = now->value, operand = BPF_SRC(now->code) == BPF_X ? x : k;
        switch (BPF_CLASS(now->code)) {
        case BPF_LD:
            if (BPF_MODE(now->code) == BPF_ABS) {
                if (BPF_SIZE(now->code) != BPF_W || k % 4 != 0 || k > sizeof *data - 4)
                    return BROKEN;
                memcpy(&a, (const char *)data + k, 4);
            } else if (BPF_MODE(now->code) == BPF_IMM) {
                a = k;
            } else if (BPF_MODE(now->code) == BPF_MEM && k < 16) {
                a = memory[k];
            } else {
                return BROKEN;
            }
            break;
        case BPF_LDX:
            if (BPF_MODE(now->code) == BPF_IMM)
                x = k;
            else if (BPF_MODE(now->code) == BPF_MEM && k < 16)
                x = memory[k];
            else
                return BROKEN;
            break;
        case BPF_ST:
        case BPF_STX:
            if (k >= 16)
                return BROKEN;
            memory[k] = BPF_CLASS(now->code) == BPF_ST ? a : x;
            break;
        case BPF_ALU:
            switch (BPF_OP(now->code)) {
            case BPF_ADD: a += operand; break;
            case BPF_SUB: a -= operand; break;
            case BPF_AND: a &= operand; break;
            case BPF_OR: a |= operand; break;
            case BPF_LSH: a = operand < 32 ? a << operand : 0; break;
            case BPF_RSH: a = operand < 32 ? a >> operand : 0; break;
            default: return BROKEN;
            }
            break;
        case BPF_JMP: {
            int is_true;
            switch (BPF_OP(now->code)) {
            case BPF_JA: at += k; continue;
            case BPF_JEQ: is_true = a == operand; break;
            case BPF_JGT: is_true = a > operand; break;
            case BPF_JGE: is_true = a >= operand; break;
            case BPF_JSET: is_true = (a & operand) != 0; break;
            default: return BROKEN;
            }
            at += is_true ? now->jump_true : now->jump_false;
            break;
        }
        case BPF_RET:
            return BPF_RVAL(now->code) == 0x10 /* BPF_A */ ? a : k;
        case BPF_MISC:
            if ((now->code & 0xF8) == 0x80) /* BPF_TXA */
                a = x;
            else
                x = a;
            break;
        default:
            return BROKEN;
        }
    }
    return BROKEN;
}
