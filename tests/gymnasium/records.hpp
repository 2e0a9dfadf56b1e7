// Reads the transitions that record_trajectories.py wrote: a line of column names, then hexadecimal floats.
#pragma once

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace prl {

struct GymnasiumRecords {
  std::vector<std::string> columns;
  std::vector<std::vector<double>> rows;

  std::size_t column(const std::string& name) const {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] == name) return i;
    }
    throw std::runtime_error("the Gymnasium records have no column '" + name + "'; record them again");
  }
};

// What the names of an environment's files begin with: "pendulum_" for "Pendulum-v1".
inline std::string record_stem(std::string_view environment) {
  std::string stem;
  for (const char c : environment.substr(0, environment.find('-'))) {
    stem += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return stem + "_";
}

// The folder comes from the environment variable PRL_GYMNASIUM_RECORDS, or else from the macro of that name.
inline std::string gymnasium_records_folder() {
  if (const char* folder = std::getenv("PRL_GYMNASIUM_RECORDS")) return folder;
#ifdef PRL_GYMNASIUM_RECORDS
  return PRL_GYMNASIUM_RECORDS;
#else
  throw std::runtime_error(
      "no Gymnasium records; expected their folder in PRL_GYMNASIUM_RECORDS; write them with "
      "tests/gymnasium/record_trajectories.py");
#endif
}

// Throws std::runtime_error if the file is missing or a row has another number of fields than the header.
inline GymnasiumRecords read_gymnasium_records(const std::string& name) {
  const std::string path = gymnasium_records_folder() + "/" + name + ".csv";
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) {
    throw std::runtime_error("cannot read " + path + "; write it with tests/gymnasium/record_trajectories.py");
  }
  GymnasiumRecords records;
  std::string field;
  for (std::istringstream fields(line); std::getline(fields, field, ',');) records.columns.push_back(field);
  while (std::getline(file, line)) {
    std::vector<double> row;
    for (std::istringstream fields(line); std::getline(fields, field, ',');) {
      row.push_back(std::strtod(field.c_str(), nullptr));
    }
    if (row.size() != records.columns.size()) throw std::runtime_error(path + " has a row of the wrong length");
    records.rows.push_back(row);
  }
  return records;
}

}  // namespace prl
