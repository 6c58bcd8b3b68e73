// Simple stand-ins for panel kinds that @grafana/ui doesn't have; each says that it is one.
import { type DataFrame, type Field } from '@grafana/data';
import { type ReactNode } from 'react';

import { theme } from './frames';

type Inner = { panel: any; frames: DataFrame[]; width: number; height: number };

const NOTE = 12;

function Note({ children }: { children: ReactNode }): ReactNode {
  const style = { position: 'absolute', right: 6, bottom: 2, fontSize: NOTE, color: theme.colors.text.disabled } as const;
  return <div style={style}>{children}</div>;
}

function colourOf(field: Field, value: number): string {
  return field.display?.(value).color ?? theme.colors.text.primary;
}

const column = (frame: DataFrame, name: string) => frame.fields.find((field) => field.name === name);
const named = (field: Field) => field.config.displayName ?? field.config.displayNameFromDS ?? field.name;

export function Plain({ panel, width, height }: Omit<Inner, 'frames'>): ReactNode {
  const style = { width, height, display: 'grid', placeItems: 'center', color: theme.colors.text.secondary } as const;
  return <div style={style}>{panel.fieldConfig.defaults.noValue ?? 'không có · none'}</div>;
}

// Units at their coordinates, without a base map.
export function Places({ frames, width, height }: Inner): ReactNode {
  const frame = frames[0];
  const [lat, lon, name, figure] = ['lat', 'lon', 'name', 'Value #A'].map((each) => column(frame, each)!);
  const rows = [...Array(frame.length).keys()].sort((a, b) => figure.values[a] - figure.values[b]);
  const bounds = (values: number[]) => [Math.min(...values), Math.max(...values)];
  const [south, north] = bounds(lat.values);
  const [west, east] = bounds(lon.values);
  const scale = Math.min((width - 140) / (east - west), (height - 70) / (north - south));
  return (
    <div style={{ position: 'relative', width, height, background: theme.colors.background.secondary }}>
      <svg width={width} height={height}>
        {rows.map((row) => {
          const x = width / 2 + (lon.values[row] - (west + east) / 2) * scale;
          const y = height / 2 - (lat.values[row] - (south + north) / 2) * scale;
          const value = figure.values[row];
          return (
            <g key={row}>
              <circle cx={x} cy={y} r={6 + 2 * Math.min(value, 6)} fill={colourOf(figure, value)} opacity={0.8} />
              <text x={x} y={y + 20} fontSize={10} textAnchor="middle" fill={theme.colors.text.primary}>
                {name.values[row]}
              </text>
            </g>
          );
        })}
      </svg>
      <Note>vẽ thay geomap, không có bản đồ nền · stands in for the geomap, no base map</Note>
    </div>
  );
}

// A band per series, coloured by its figure.
export function Bands({ frames, width, height }: Inner): ReactNode {
  const left = 150;
  const all = frames.flatMap((frame) => frame.fields[0].values as number[]);
  const [start, end] = [Math.min(...all), Math.max(...all)];
  const band = Math.min(34, (height - 24) / frames.length);
  return (
    <div style={{ position: 'relative', width, height }}>
      <svg width={width} height={height} fontSize={12} fill={theme.colors.text.primary}>
        {frames.map((frame, row) => {
          const [time, figure] = frame.fields;
          const step = ((width - left) / Math.max(1, end - start)) * (time.values[1] - time.values[0] || 1);
          return (
            <g key={row}>
              <text x={left - 8} y={row * band + band / 2 + 4} textAnchor="end">{named(figure)}</text>
              {time.values.map((at: number, index: number) =>
                figure.values[index] > 0 ? (
                  <rect
                    key={at}
                    x={left + ((at - start) / Math.max(1, end - start)) * (width - left)}
                    y={row * band + 2}
                    width={step + 0.5}
                    height={band - 4}
                    fill={colourOf(figure, figure.values[index])}
                  />
                ) : null
              )}
            </g>
          );
        })}
      </svg>
      <Note>vẽ thay state timeline · stands in for the state timeline</Note>
    </div>
  );
}

// Buckets over time, the darker the more; buckets of Prometheus hold all below their edge.
export function Cells({ frames, width, height }: Inner): ReactNode {
  const edge = (frame: DataFrame) => Number(named(frame.fields[1]).replace('+Inf', 'Infinity'));
  const rows = [...frames].sort((a, b) => edge(a) - edge(b));
  const times = [...new Set(rows.flatMap((frame) => frame.fields[0].values as number[]))].sort((a, b) => a - b);
  const counts = rows.map((frame) => new Map(frame.fields[0].values.map((at: number, i: number) => [at, frame.fields[1].values[i]])));
  const alone = (row: number, at: number) => (counts[row].get(at) ?? 0) - (row ? (counts[row - 1].get(at) ?? 0) : 0);
  const most = Math.max(1e-9, ...rows.flatMap((_, row) => times.map((at) => alone(row, at))));
  const left = 60;
  const [wide, high] = [(width - left) / times.length, (height - 20) / rows.length];
  return (
    <div style={{ position: 'relative', width, height }}>
      <svg width={width} height={height} fontSize={12} fill={theme.colors.text.primary}>
        {rows.map((frame, row) => {
          const y = (rows.length - 1 - row) * high;
          return (
            <g key={row}>
              <text x={left - 8} y={y + high / 2 + 4} textAnchor="end">{`≤ ${named(frame.fields[1])}`}</text>
              {times.map((at, index) => {
                const share = alone(row, at) / most;
                return share > 0 ? (
                  <rect key={at} x={left + index * wide} y={y} width={wide} height={high - 1} fill="orange" opacity={0.15 + 0.85 * share} />
                ) : null;
              })}
            </g>
          );
        })}
      </svg>
      <Note>vẽ thay heat map · stands in for the heat map</Note>
    </div>
  );
}
