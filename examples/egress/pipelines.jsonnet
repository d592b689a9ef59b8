function(database) {
  pipeline: { name: 'revenue' },
  description: 'What each product brought in; also in the table of that name.',
  transform: {
    image: 'python:3.12-slim',
    cmd: ['sh', '-c', 'python3 "$DATAVC_PFS/code/sum.py"'],
  },
  input: {
    cross: [
      { pfs: { repo: 'code', glob: '/sum.py' } },
      { pfs: { repo: 'orders', glob: '/' } },
    ],
  },
  egress: {
    sql_database: {
      url: database,
      file_format: { type: 'CSV', columns: ['product', 'cents'] },
    },
  },
}
