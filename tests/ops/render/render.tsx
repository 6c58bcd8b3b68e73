// Draws a whole dashboard with Grafana's own components from answers of a Prometheus, for a picture.
import { dateTime, getFieldDisplayValues, type DataFrame, type TimeRange } from '@grafana/data';
import { BarGauge, BigValue, GlobalStyles, PanelChrome, ThemeContext, TimeSeries, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { createRoot } from 'react-dom/client';
import { type ReactNode } from 'react';

import { framesOf, theme, timeZone } from './frames';
import 'uplot/dist/uPlot.min.css';
import { Bands, Cells, Places, Plain } from './plain';

declare const PAGE: { board: any; results: Record<string, any>; from: number; to: number };

const CELL = 38;
const GAP = 8;
const WIDTH = 1560;

type Inner = { panel: any; frames: DataFrame[]; range: TimeRange; width: number; height: number };

function Numbers({ panel, frames, width, height }: Inner): ReactNode {
  const values = getFieldDisplayValues({
    fieldConfig: panel.fieldConfig,
    reduceOptions: panel.options.reduceOptions,
    data: frames,
    theme,
    timeZone,
    replaceVariables: (text) => text,
    sparkline: panel.options.graphMode === 'area',
  });
  const bars = panel.type === 'bargauge';
  return (
    <VizRepeater
      source={values}
      getValues={() => values}
      renderCounter={0}
      width={width}
      height={height}
      itemSpacing={bars ? 6 : 4}
      minVizHeight={bars ? 14 : 20}
      maxVizHeight={panel.options.maxVizHeight}
      minVizWidth={bars ? 8 : 60}
      autoGrid={!bars}
      orientation={panel.options.orientation}
      renderValue={({ value, width, height }) =>
        bars ? (
          <BarGauge
            theme={theme}
            value={value.display}
            display={value.view?.getFieldDisplayProcessor(value.colIndex!)}
            field={value.field}
            width={width}
            height={height}
            orientation={panel.options.orientation}
            displayMode={panel.options.displayMode}
            valueDisplayMode={panel.options.valueMode}
            text={panel.options.text}
            showUnfilled
          />
        ) : (
          <BigValue
            theme={theme}
            value={value.display}
            sparkline={value.sparkline}
            width={width}
            height={height}
            count={values.length}
            colorMode={panel.options.colorMode}
            graphMode={panel.options.graphMode}
            justifyMode={panel.options.justifyMode}
            textMode={panel.options.textMode}
          />
        )
      }
    />
  );
}

function Course({ panel, frames, range, width, height }: Inner): ReactNode {
  return (
    <TimeSeries
      frames={frames}
      timeRange={range}
      timeZone={timeZone}
      width={width}
      height={height}
      legend={panel.options.legend}
    />
  );
}

function Listed({ panel, frames, width, height }: Inner): ReactNode {
  return (
    <TableNG data={frames[0]} width={width} height={height} sortBy={panel.options.sortBy} fieldConfig={panel.fieldConfig} />
  );
}

const OWN: Record<string, (inner: Inner) => ReactNode> = {
  stat: Numbers,
  bargauge: Numbers,
  timeseries: Course,
  table: Listed,
};
// Not in @grafana/ui: drawn simply, and labelled so.
const SIMPLE: Record<string, (inner: Inner) => ReactNode> = { geomap: Places, 'state-timeline': Bands, heatmap: Cells };

function Shown({ panel, frames, range }: { panel: any; frames: DataFrame[]; range: TimeRange }): ReactNode {
  const { x, y, w, h } = panel.gridPos;
  const column = (WIDTH + GAP) / 24;
  const width = w * column - GAP;
  const height = h * CELL - GAP;
  const Inside = OWN[panel.type] ?? SIMPLE[panel.type] ?? Plain;
  const empty = frames.every((frame) => frame.length === 0);
  return (
    <div style={{ position: 'absolute', left: x * column, top: y * CELL, width, height }}>
      <PanelChrome title={panel.title} width={width} height={height}>
        {(width, height) =>
          empty ? (
            <Plain panel={panel} width={width} height={height} />
          ) : (
            <Inside panel={panel} frames={frames} range={range} width={width} height={height} />
          )
        }
      </PanelChrome>
    </div>
  );
}

function Heading({ panel }: { panel: any }): ReactNode {
  const style = { position: 'absolute', top: panel.gridPos.y * CELL, left: 4, lineHeight: `${CELL - GAP}px` } as const;
  return <div style={{ ...style, fontSize: 16, fontWeight: 500 }}>⌄ {panel.title}</div>;
}

async function draw(): Promise<void> {
  const { board, results, from, to } = PAGE;
  const times = { from: dateTime(from * 1000), to: dateTime(to * 1000) };
  const range = { ...times, raw: times };
  const frames = await Promise.all(
    board.panels.map((panel: any) => (panel.type === 'row' ? Promise.resolve([]) : framesOf(panel, results)))
  );
  const page = (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <h1 style={{ fontSize: 22, margin: '4px 4px 8px' }}>{board.title}</h1>
      <div style={{ position: 'relative', width: WIDTH }}>
        {board.panels.map((panel: any, index: number) =>
          panel.type === 'row' ? (
            <Heading key={panel.id} panel={panel} />
          ) : (
            <Shown key={panel.id} panel={panel} frames={frames[index]} range={range} />
          )
        )}
      </div>
    </ThemeContext.Provider>
  );
  createRoot(document.getElementById('page')!).render(page);
}

draw().catch((error) => {
  document.getElementById('page')!.textContent = `not drawn: ${error.stack}`;
  document.title = 'not drawn';
});
