// Prometheus' answers as Grafana's data frames, with the panel's field configuration applied.
import {
  applyFieldOverrides,
  createTheme,
  type DataFrame,
  dataLinksOverrideProcessor,
  type Field,
  FieldConfigOptionsRegistry,
  FieldType,
  getFieldDisplayName,
  identityOverrideProcessor,
  standardTransformers,
  standardTransformersRegistry,
  transformDataFrame,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';

export const theme = createTheme({ colors: { mode: 'dark' } });
export const timeZone = 'Asia/Ho_Chi_Minh';

type Series = { metric: Record<string, string>; values?: [number, string][]; value?: [number, string] };
export type Results = Record<string, Series[]>;

standardTransformersRegistry.setInit(() =>
  [
    standardTransformers.mergeTransformer,
    standardTransformers.filterFieldsByNameTransformer,
    standardTransformers.organizeFieldsTransformer,
    standardTransformers.convertFieldTypeTransformer,
  ].map((transformation) => ({
    id: transformation.id,
    name: transformation.name,
    description: '',
    transformation: () => Promise.resolve(transformation),
    imageDark: '',
    imageLight: '',
  }))
);

// The properties that dashboards set, taken as they are; those of one panel kind stand under `custom`.
const STANDARD = ['unit', 'min', 'max', 'decimals', 'displayName', 'color', 'thresholds', 'mappings', 'noValue'];
const CUSTOM = [
  'width',
  'minWidth',
  'cellOptions',
  'drawStyle',
  'lineWidth',
  'fillOpacity',
  'showPoints',
  'stacking',
  'thresholdsStyle',
  'axisSoftMax',
];

function registry(): FieldConfigOptionsRegistry {
  const item = (id: string, path: string, isCustom: boolean) => ({
    id,
    path,
    isCustom,
    name: id,
    process: path === 'links' ? dataLinksOverrideProcessor : identityOverrideProcessor,
    shouldApply: () => true,
    override: () => null,
    editor: () => null,
    settings: {},
  });
  return new FieldConfigOptionsRegistry(
    () =>
      [
        ...STANDARD.map((name) => item(name, name, false)),
        ...CUSTOM.map((name) => item(`custom.${name}`, name, true)),
      ] as never
  );
}

function legend(format: string, labels: Record<string, string>): string {
  if (format === '__auto') {
    return Object.values(labels)[0] ?? '';
  }
  return format.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => labels[name] ?? '');
}

function number(text: string): number | null {
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

// A frame per series; where a scrape is missing between two points, the line breaks.
function seriesFrames(series: Series[], target: any): DataFrame[] {
  return series.map((each) => {
    const points = each.values ?? [each.value!];
    const { __name__, ...labels } = each.metric;
    const name = legend(target.legendFormat, labels) || target.refId;
    return {
      refId: target.refId,
      length: points.length,
      fields: [
        { name: 'Time', type: FieldType.time, config: {}, values: points.map(([at]) => at * 1000) },
        {
          name: 'Value',
          type: FieldType.number,
          labels,
          config: { displayNameFromDS: name },
          values: points.map(([, value]) => number(value)),
        },
      ],
    };
  });
}

// One frame of all series: a row each, their labels as columns, as Grafana's Prometheus source answers a table.
function tableFrame(series: Series[], target: any, many: boolean): DataFrame {
  const names = [...new Set(series.flatMap((each) => Object.keys(each.metric)))].filter((name) => name !== '__name__');
  const fields: Field[] = [
    { name: 'Time', type: FieldType.time, config: {}, values: series.map((each) => each.value![0] * 1000) },
    ...names.map((name) => ({
      name,
      type: FieldType.string,
      config: {},
      values: series.map((each) => each.metric[name] ?? ''),
    })),
    {
      name: many ? `Value #${target.refId}` : 'Value',
      type: FieldType.number,
      config: {},
      values: series.map((each) => number(each.value![1])),
    },
  ];
  return { refId: target.refId, length: series.length, fields };
}

export async function framesOf(panel: any, results: Results): Promise<DataFrame[]> {
  const many = panel.targets.length > 1;
  const raw = panel.targets.flatMap((target: any) => {
    const series = results[`${panel.title} [${target.refId}]`] ?? [];
    return target.format === 'table' ? [tableFrame(series, target, many)] : seriesFrames(series, target);
  });
  const transformed = await lastValueFrom(transformDataFrame(panel.transformations ?? [], raw));
  const shown = applyFieldOverrides({
    data: transformed,
    fieldConfig: withoutLinks(panel.fieldConfig),
    replaceVariables: (text) => text,
    theme,
    timeZone,
    fieldConfigRegistry: registry(),
  });
  // names were taken before the overrides that change them
  shown.forEach((frame) => frame.fields.forEach((field) => (field.state = { ...field.state, displayName: null })));
  shown.forEach((frame) => frame.fields.forEach((field) => getFieldDisplayName(field, frame, shown)));
  return shown;
}

// A picture leads nowhere.
function withoutLinks(config: any): any {
  const { links, ...defaults } = config.defaults;
  const overrides = config.overrides.map((each: any) => ({
    ...each,
    properties: each.properties.filter((property: any) => property.id !== 'links'),
  }));
  return { defaults, overrides };
}
