// Which sanitizer a file is compiled with: each compiler says it in its own way.
#ifndef KVS_ENGINES_SANITIZERS_H_
#define KVS_ENGINES_SANITIZERS_H_

#if defined(__has_feature)
#define KVS_HAS_FEATURE(feature) __has_feature(feature)
#else
#define KVS_HAS_FEATURE(feature) 0
#endif

#if defined(__SANITIZE_THREAD__) || KVS_HAS_FEATURE(thread_sanitizer)
#define KVS_THREAD_SANITIZER 1
#else
#define KVS_THREAD_SANITIZER 0
#endif

#if defined(__SANITIZE_ADDRESS__) || KVS_HAS_FEATURE(address_sanitizer)
#define KVS_ADDRESS_SANITIZER 1
#else
#define KVS_ADDRESS_SANITIZER 0
#endif

#endif  // KVS_ENGINES_SANITIZERS_H_
