//! calculator: exact arithmetic for a model, as a tool of keyway.tools/1. Needs nothing but Rust's standard library.

#![allow(non_camel_case_types, non_snake_case)]
#![deny(unsafe_op_in_unsafe_fn)]

mod abi;
mod expression;
mod json;
mod rational;

use abi::*;
use std::ffi::c_void;
use std::panic::{self, AssertUnwindSafe};
use std::ptr;
use std::sync::atomic::Ordering;

const ID: &str = "calculator";
const VERSION: &str = "0.1.0";
const TOOLS_ID: &str = "keyway.tools/1";
const MANIFEST: &str = r#"{"id":"calculator","version":"0.1.0","description":"Exact arithmetic as a tool for models",
"license":"Apache-2.0","interfaces":["keyway.tools/1"]}"#;

// ---- notes: what a host reads before it runs anything -------------------------------------------------------------

#[used]
#[unsafe(link_section = ".note.keyway.abi")]
static ABI_NOTE: Note<32> = Note::abi(1, 1, KW_CAP_CONCURRENT);
#[used]
#[unsafe(link_section = ".note.keyway.manifest")]
static MANIFEST_NOTE: Note<{ note_size(MANIFEST) }> = Note::text(KW_NOTE_TYPE_MANIFEST, MANIFEST);
#[used]
#[unsafe(link_section = ".note.keyway.iface")]
static TOOLS_NOTE: Note<{ note_size(TOOLS_ID) }> = Note::text(KW_NOTE_TYPE_IFACE, TOOLS_ID);

// ---- a call, as Rust sees it -----------------------------------------------------------------------------------

/// Why an operation failed. `Err` of an operation's body.
struct Failure {
    status: kw_status,
    message: String,
}

fn failure(status: kw_status, message: impl Into<String>) -> Failure {
    Failure { status, message: message.into() }
}

struct Call(*mut kw_call);

impl Call {
    fn api(&self) -> &kw_call_api {
        // SAFETY: the host's call and its table live until the operation returns.
        unsafe { &*(*self.0).api }
    }

    fn is_cancelled(&self) -> bool {
        // SAFETY: as above; the flag may be NULL.
        unsafe { (*self.0).cancelled.as_ref() }.is_some_and(|flag| flag.load(Ordering::Acquire) != 0)
    }

    /// Memory for the reply; the host frees it.
    fn allocate(&self, size: usize, align: usize) -> Result<*mut u8, Failure> {
        let memory: *mut u8 = (self.api().alloc)(self.0, size as u64, align as u64).cast();
        if memory.is_null() {
            return Err(failure(KW_RESOURCE_EXHAUSTED, "no memory is left for this call; ask for less"));
        }
        Ok(memory)
    }

    fn copy(&self, text: &str) -> Result<kw_str, Failure> {
        if text.is_empty() {
            return Ok(kw_str::EMPTY);
        }
        let memory = self.allocate(text.len(), 1)?;
        // SAFETY: the arena gave that many bytes.
        unsafe { ptr::copy_nonoverlapping(text.as_ptr(), memory, text.len()) };
        Ok(kw_str { ptr: memory, len: text.len() as u64 })
    }

    fn place<T>(&self, value: T) -> Result<*const T, Failure> {
        let memory: *mut T = self.allocate(size_of::<T>(), align_of::<T>())?.cast();
        // SAFETY: of the size and alignment of T.
        unsafe { memory.write(value) };
        Ok(memory)
    }

    fn reply<T>(&self, out: &T) -> kw_status {
        (self.api().reply)(self.0, ptr::from_ref(out).cast())
    }

    fn fail(&self, failure: &Failure) -> kw_status {
        let message = kw_str { ptr: failure.message.as_ptr(), len: failure.message.len() as u64 };
        let error = kw_error {
            h: header::<kw_error>(),
            status: failure.status,
            vendor_code: 0,
            http_status: 0,
            retry: 0,
            retry_after_ns: 0,
            message,
            details_json: kw_str::EMPTY,
            domain: kw_str::EMPTY,
            request_id: kw_str::EMPTY,
            backtrace: kw_str::EMPTY,
        };
        (self.api().fail)(self.0, &error)
    }
}

/// Runs the body of an operation. A panic must not unwind into the host: it becomes an error of the call.
fn operate(call: *mut kw_call, body: impl FnOnce(&Call) -> Result<kw_status, Failure>) -> kw_status {
    let call = Call(call);
    match panic::catch_unwind(AssertUnwindSafe(|| body(&call))) {
        Ok(Ok(status)) => status,
        Ok(Err(failure)) => call.fail(&failure),
        Err(_) => call.fail(&failure(KW_INTERNAL, "calculator has a fault, report it; the host's stderr says where")),
    }
}

/// Copies what both sides know of a struct and zeroes the rest; the host's may be shorter or longer than ours.
///
/// # Safety
/// T must be made of integers and pointers only.
unsafe fn read<T: Copy>(from: *const T) -> Result<T, Failure> {
    // SAFETY: every struct begins with its header, which says how long it is; zero is a value of integers and pointers.
    unsafe {
        let header: kw_hdr = from.cast::<kw_hdr>().read();
        let (theirs, ours) = (header.size as usize, size_of::<T>());
        if theirs < size_of::<kw_hdr>() || (theirs > ours && header.flags & KW_MUST != 0) {
            return Err(failure(KW_INVALID_ARGUMENT, "the request is not one of SDK 1"));
        }
        let mut into = std::mem::zeroed::<T>();
        ptr::copy_nonoverlapping(from.cast::<u8>(), ptr::from_mut(&mut into).cast::<u8>(), theirs.min(ours));
        Ok(into)
    }
}

// ---- keyway.tools/1 --------------------------------------------------------------------------------------------

static TOOL_LIST: Static<[kw_tool_spec; 1]> = Static([kw_tool_spec {
    h: header::<kw_tool_spec>(),
    name: kw_str::of("calculate"),
    title: kw_str::of("Calculator"),
    description: kw_str::of(
        "Evaluates + - * / ^, percent signs and parentheses exactly: 0.1 + 0.2 is 0.3, and 7 / 3 stays a fraction",
    ),
    input_schema_json: kw_str::of(
        r#"{"type":"object","required":["expression"],"properties":{"expression":{"type":"string"}}}"#,
    ),
    output_schema_json: kw_str::of(
        r#"{"type":"object","required":["value","decimal","exact"],
            "properties":{"value":{"type":"string"},"decimal":{"type":"string"},"exact":{"type":"boolean"}}}"#,
    ),
    examples_json: kw_str::of(r#"[{"expression":"19.99 * 3 * 115%"}]"#),
    provider_json: kw_str::EMPTY,
    hints: KW_HINT_READ_ONLY | KW_HINT_IDEMPOTENT,
    flags: 0,
}]);

extern "C" fn list(_: *mut kw_instance, call: *mut kw_call, _: *const kw_none) -> kw_status {
    operate(call, |call| {
        Ok(call.reply(&kw_tools_out { h: header::<kw_tools_out>(), tools: kw_span::of(&TOOL_LIST.0) }))
    })
}

extern "C" fn invoke(_: *mut kw_instance, call: *mut kw_call, input: *const kw_tool_in) -> kw_status {
    operate(call, |call| {
        // SAFETY: the host's struct; it and its text live until the operation returns.
        let (name, arguments) = unsafe {
            let input = read(input)?;
            (input.name.text(), input.arguments_json.text())
        };
        let (Some(name), Some(arguments)) = (name, arguments) else {
            return Err(failure(KW_INVALID_ARGUMENT, "the name or the arguments are not UTF-8"));
        };
        if name != "calculate" {
            return Err(failure(KW_NOT_FOUND, format!("there is no tool \"{name}\"; there is calculate")));
        }
        if call.is_cancelled() {
            return Ok(KW_CANCELLED);
        }
        let text = json::string_member(arguments, "expression").map_err(|e| failure(KW_INVALID_ARGUMENT, e))?;
        // A broken expression is the model's affair: the call goes well, and the model reads what is wrong.
        let (shown, structured, is_error) = match expression::evaluate(&text) {
            Ok(value) => {
                let (decimal, exact) = value.decimal();
                let shown = if exact { decimal.clone() } else { format!("{value}, about {decimal}") };
                let value = json::quote(&value.to_string());
                (shown, format!(r#"{{"value":{value},"decimal":"{decimal}","exact":{exact}}}"#), 0)
            }
            Err(problem) => (problem, String::new(), 1),
        };
        let part = call.place(kw_part {
            h: header::<kw_part>(),
            kind: KW_PART_TEXT,
            flags: 0,
            text: call.copy(&shown)?,
            id: kw_str::EMPTY,
            name: kw_str::EMPTY,
            media_type: kw_str::EMPTY,
            json: kw_str::EMPTY,
            data: kw_bytes { ptr: ptr::null(), len: 0 },
            parts: kw_span::EMPTY,
        })?;
        Ok(call.reply(&kw_tool_out {
            h: header::<kw_tool_out>(),
            parts: kw_span { ptr: part.cast(), count: 1, stride: size_of::<kw_part>() as u32 },
            structured_json: call.copy(&structured)?,
            is_error,
            reserved: 0,
        }))
    })
}

// ---- the plugin --------------------------------------------------------------------------------------------------

/// Nothing looks at the instance, so that all may share one address.
static INSTANCE: u8 = 0;

extern "C" fn create(_: *mut kw_instance, call: *mut kw_call, _: *const c_void) -> kw_status {
    let instance = ptr::from_ref(&INSTANCE).cast_mut().cast();
    operate(call, |call| Ok(call.reply(&kw_create_out { h: header::<kw_create_out>(), instance })))
}

extern "C" fn destroy(_: *mut kw_instance, call: *mut kw_call, _: *const kw_none) -> kw_status {
    operate(call, |call| Ok(call.reply(&kw_none { h: header::<kw_none>() })))
}

static TOOLS: kw_tools = kw_tools { h: header::<kw_tools>(), list, invoke };
static INTERFACES: Static<[kw_iface; 1]> = Static([kw_iface {
    h: header::<kw_iface>(),
    id: kw_str::of(TOOLS_ID),
    vtable: ptr::from_ref(&TOOLS).cast(),
}]);
static PLUGIN: Static<kw_plugin> = Static(kw_plugin {
    h: header::<kw_plugin>(),
    magic: KW_MAGIC,
    caps: KW_CAP_CONCURRENT,
    sdk_built: KW_SDK,
    sdk_min: 1,
    sdk_max: 1,
    max_concurrency: 0,
    id: kw_str::of(ID),
    version: kw_str::of(VERSION),
    ifaces: kw_span::of(&INTERFACES.0),
    create: Some(create),
    start: None,
    configure: None,
    health: None,
    quiesce: None,
    destroy: Some(destroy),
    notice: None,
    task: None,
});

/// The one exported symbol.
///
/// # Safety
/// As the header keyway/host.h says of kw_entry_fn: `out` must be writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kw_plugin_entry_1(_: *const kw_host, sdk: u32, out: *mut *const kw_plugin) -> kw_status {
    if sdk != KW_SDK {
        return KW_SDK_MISMATCH;
    }
    // SAFETY: the caller's.
    unsafe { out.write(&PLUGIN.0) };
    KW_OK
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    thread_local! {
        static SAID: RefCell<String> = const { RefCell::new(String::new()) };
    }

    extern "C" fn alloc(_: *mut kw_call, _: u64, _: u64) -> *mut c_void {
        ptr::null_mut()
    }

    extern "C" fn fail(_: *mut kw_call, error: *const kw_error) -> kw_status {
        // SAFETY: `Call::fail` lends a whole error.
        let (status, message) = unsafe { ((*error).status, (*error).message.text()) };
        SAID.set(message.unwrap_or_default().to_string());
        status
    }

    extern "C" fn reply(_: *mut kw_call, _: *const c_void) -> kw_status {
        KW_OK
    }

    fn ends_as(status: kw_status, said: &str, body: impl FnOnce(&Call) -> Result<kw_status, Failure>) {
        let api = kw_call_api { h: header::<kw_call_api>(), alloc, fail, emit: ptr::null(), reply };
        let mut call = kw_call { h: header::<kw_call>(), api: &api, cancelled: ptr::null() };
        SAID.take();
        assert_eq!(operate(&mut call, body), status);
        assert!(SAID.take().contains(said));
    }

    #[test]
    fn operations_end() {
        ends_as(KW_OK, "", |call| Ok(call.reply(&kw_none { h: header::<kw_none>() })));
        ends_as(KW_NOT_FOUND, "there is none", |_| Err(failure(KW_NOT_FOUND, "there is none")));
        ends_as(KW_INTERNAL, "has a fault", |_| panic!("a panic of this test, which is caught"));
        ends_as(KW_RESOURCE_EXHAUSTED, "no memory", |call| call.copy("text").map(|_| KW_OK));
    }
}
