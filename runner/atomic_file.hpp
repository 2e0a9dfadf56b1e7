// Files that appear whole or not at all: written under a temporary name beside the target, flushed, then renamed.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

namespace prl {

// Replaces `path`, or the file it is a link to, by `content`. Throws std::runtime_error with one line (disk full, folder
// missing, no permission) and leaves neither a temporary file nor a changed target.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

// The parts one after the other.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::string_view> parts);

// Throws the same errors early, and one for what is no ordinary file: creates and removes a temporary file beside `path`.
// For runs that take long.
void check_writable(const std::filesystem::path& path);

}  // namespace prl
