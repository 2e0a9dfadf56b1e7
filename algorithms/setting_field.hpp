// The settings of a rule or a network by name: one list from which the command line, its help and ranges, the records and
// `prl list` are made, so that none of them can differ from the rule.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace prl {

// One of several names, for an enumeration or a bool whose values count from 0 in the order of the names.
struct ChoiceField {
  std::vector<std::string_view> names;
  std::function<std::size_t()> index;
  std::function<void(std::size_t)> choose;
};

// Points into the structure it was made from, which must outlive it.
struct SettingField {
  std::string_view name;  // snake_case, as in records and TOML files
  std::variant<float*, int*, bool*, std::vector<int>*, ChoiceField> value;
  std::string_view description;
  // Of numbers: the range that is allowed.
  double least = 0.0;
  double most = 0.0;
};

inline SettingField number_field(std::string_view name, float& value, double least, double most,
                                 std::string_view description) {
  return {name, &value, description, least, most};
}

// A whole number of at least `least`.
inline SettingField count_field(std::string_view name, int& value, std::string_view description, int least = 1) {
  return {name, &value, description, static_cast<double>(least), 2147483647.0};
}

inline SettingField truth_field(std::string_view name, bool& value, std::string_view description) {
  return {name, &value, description};
}

// Widths from 1 to 65536.
inline SettingField widths_field(std::string_view name, std::vector<int>& value, std::string_view description) {
  return {name, &value, description, 1.0, 65536.0};
}

template <typename Enumeration>
SettingField choice_field(std::string_view name, Enumeration& value, std::vector<std::string_view> names,
                          std::string_view description) {
  return {name,
          ChoiceField{std::move(names), [&value] { return static_cast<std::size_t>(value); },
                      [&value](std::size_t index) { value = static_cast<Enumeration>(index); }},
          description};
}

}  // namespace prl
