# find_package(Keyway) gives
#
#   keyway_add_plugin(NAME SOURCE...)  a target that builds NAME.so: one export, everything bound and read-only at load
#   Keyway::PluginABI                  the headers alone
#   Keyway_TESTING                     the folder of a small host for tests of plugins: host.h and host.c
#
# keyway_add_plugin makes an ordinary target: add libraries and options to it with target_link_libraries and the like.
if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
  set(Keyway_FOUND FALSE)
  set(Keyway_NOT_FOUND_MESSAGE "Keyway plugins are built for Linux, and CMAKE_SYSTEM_NAME is ${CMAKE_SYSTEM_NAME}")
  return()
endif()

get_filename_component(_keyway_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
set(Keyway_VERSION_SCRIPT "${_keyway_prefix}/share/keyway/plugin.map")
set(Keyway_TESTING "${_keyway_prefix}/share/keyway/testing")

if(NOT TARGET Keyway::PluginABI)
  add_library(Keyway::PluginABI INTERFACE IMPORTED)
  set_target_properties(Keyway::PluginABI PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${_keyway_prefix}/include")
endif()

function(keyway_add_plugin name)
  if(NOT ARGN)
    message(FATAL_ERROR "keyway_add_plugin(${name}): name at least one source file")
  endif()
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE Keyway::PluginABI)
  target_compile_features(${name} PRIVATE c_std_11)
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if("CXX" IN_LIST languages)
    target_compile_features(${name} PRIVATE cxx_std_17)
  endif()
  set_target_properties(${name} PROPERTIES
    PREFIX "" SUFFIX ".so"
    POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    # A search path into the folders of the machine that built it is of no use elsewhere, and a finding of `keyway inspect`.
    SKIP_BUILD_RPATH ON
    LINK_DEPENDS "${Keyway_VERSION_SCRIPT}")
  target_link_options(${name} PRIVATE
    "-Wl,--version-script=${Keyway_VERSION_SCRIPT}" "-Wl,-z,relro,-z,now,-z,noexecstack" "-Wl,--build-id"
    "-Wl,--no-undefined")
endfunction()
