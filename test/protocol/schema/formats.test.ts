import { describe, expect, test } from "vitest";
import { isDate, isDateTime, isDuration, isTime } from "../../../protocol/schema/formats.ts";

describe("isDate", () => {
  test.each(["2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"])("isDate accepts %s", (text) => {
    expect(isDate(text)).toBe(true);
  });

  test.each([
    "2023-02-29",
    "1900-02-29",
    "2024-04-31",
    "2024-13-01",
    "2024-00-10",
    "2024-1-1",
    "20240101",
    "",
  ])("isDate rejects %j", (text) => {
    expect(isDate(text)).toBe(false);
  });
});

describe("isTime", () => {
  test.each([
    "12:30:00",
    "12:30",
    "12:30:00.5",
    "12:30:00.123456",
    "12:30:00.123456789",
    "12:30:00Z",
    "12:30:00z",
    "12:30Z",
    "12:30:00+01:00",
    "12:30:00-0530",
    "12:30:00+01",
    "23:59:60",
    "23:59:60Z",
    "00:59:60+01:00",
    "15:59:60-08:00",
  ])("isTime accepts %s", (text) => {
    expect(isTime(text)).toBe(true);
  });

  test.each([
    "24:00",
    "24:00:00",
    "12:60",
    "12:30:61",
    "12:30:60",
    "22:59:60Z",
    "23:59:60+01:00",
    "12:30:00.",
    "12:30.5",
    "12",
    "12:30:00+24:00",
    "12:30:00+1",
    "12:30:00 Z",
    "12:30:00Z\n",
    "",
  ])("isTime rejects %j", (text) => {
    expect(isTime(text)).toBe(false);
  });
});

describe("isDateTime", () => {
  test.each([
    "2024-01-01T00:00:00",
    "2024-01-01T00:00:00.123456",
    "2024-01-01 00:00:00",
    "2024-01-01 00:00:00.123456+00:00",
    "2024-01-01T00:00",
    "2024-01-01T00:00:00Z",
    "2024-01-01t00:00:00z",
    "2024-01-01T00:00:00.000000001+0100",
    "2024-01-01T00:00:00+01",
    "2016-12-31T23:59:60Z",
  ])("isDateTime accepts %s", (text) => {
    expect(isDateTime(text)).toBe(true);
  });

  test.each([
    "2024-01-01",
    "2024-02-30T00:00:00",
    "2024-01-01T24:00:00",
    "2024-01-01  00:00:00",
    "2024-01-01\t00:00:00",
    "2024-01-01T00:00:00+01:00[Europe/Paris]",
    "20240101T000000Z",
    "1704067200",
    "",
  ])("isDateTime rejects %j", (text) => {
    expect(isDateTime(text)).toBe(false);
  });
});

describe("isDuration", () => {
  test.each([
    "P1D",
    "P1DT2H",
    "PT0S",
    "PT0.5S",
    "P0DT0.000001S",
    "-P1D",
    "-P1DT2H",
    "+PT1H",
    "PT-6H",
    "P2W",
    "P1W2D",
    "P1Y2M3DT4H5M6.789S",
    "P999999999DT23H59M59.999999S",
  ])("isDuration accepts %s", (text) => {
    expect(isDuration(text)).toBe(true);
  });

  test.each([
    "P",
    "PT",
    "P1DT",
    "1D",
    "P1",
    "PD",
    "P1H",
    "3 days",
    "P1D2M",
    "P1.D",
    "1:00:00",
    "",
  ])("isDuration rejects %j", (text) => {
    expect(isDuration(text)).toBe(false);
  });
});
